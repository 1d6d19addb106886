package details

import (
	"context"
	"strings"

	"github.com/mesosctl/mesosctl/kinds"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/component/pane"
	"github.com/mesosctl/mesosctl/tui/page"
)

// Explain is a page that says why a framework is or isn't offered resources.
func Explain(deps *page.Deps, framework string) *Text {
	ref := page.Ref{Kind: page.Framework, ID: framework}
	t := newText(deps, "explain "+name(deps.Cluster(), ref), "explain.txt", func() func(context.Context) ([]string, error) {
		client, bold := deps.Client, deps.Style().Title
		return func(ctx context.Context) ([]string, error) {
			report, err := client.Explain(ctx, mesos.FrameworkID(framework), "", "")
			if err != nil {
				return nil, err
			}
			var b strings.Builder
			if err := kinds.Report(&b, report, func(text string) string { return bold.Render(text) }, true); err != nil {
				return nil, err
			}
			lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
			for i, line := range lines {
				lines[i] = pane.Sanitize([]byte(line))
			}
			return lines, nil
		}
	})
	t.pane.SetWrap(true)
	return t
}
