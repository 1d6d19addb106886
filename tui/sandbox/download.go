package sandbox

import (
	"io"
	"path"

	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/page"
)

// download is a command that copies a file of a sandbox to a new one here.
func download(deps *page.Deps, files client.Files, name string) tea.Cmd {
	ctx, save := deps.Context, deps.Save
	return tea.Sequence(
		page.Send(page.Notify{Level: page.Info, Text: "downloading " + path.Base(name) + "…"}),
		func() tea.Msg {
			body, err := files.Download(ctx, name)
			if err != nil {
				return page.Notify{Level: page.Bad, Text: err.Error()}
			}
			defer body.Close()
			to, err := save(path.Base(name), reader{body})
			if err != nil {
				return page.Notify{Level: page.Bad, Text: err.Error()}
			}
			return page.Notify{Level: page.Good, Text: "saved to " + to}
		},
	)
}

// reader gives errors of the connection a kind.
type reader struct{ io.Reader }

func (r reader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // readers return it as it is
		err = mesos.Errorf(mesos.Unavailable, "download: %w", err)
	}
	return n, err
}
