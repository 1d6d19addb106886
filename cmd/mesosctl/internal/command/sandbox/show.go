package sandbox

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/iostreams"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/output"
	"github.com/mesosctl/mesosctl/kinds/taskref"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// show prints the names of files, one a line, or with long all of them.
func show(streams *iostreams.Streams, infos []*mesospb.FileInfo, long bool) error {
	infos = slices.Clone(infos)
	slices.SortStableFunc(infos, func(a, b *mesospb.FileInfo) int { return strings.Compare(a.GetPath(), b.GetPath()) })
	var rows [][]string
	for _, info := range infos {
		name := printable(path.Base(info.GetPath()))
		if taskref.IsDirectory(info) {
			name += "/"
		}
		if long {
			rows = append(rows, []string{
				taskref.ModeText(info), info.GetUid(), info.GetGid(), strconv.FormatUint(info.GetSize(), 10), changed(info).Format(time.DateTime), name,
			})
			continue
		}
		fmt.Fprintln(streams.Out, name)
	}
	return output.Columns(streams.Out, rows...)
}

// printable is a name that can't play with the terminal.
func printable(name string) string {
	if quoted := strconv.Quote(name); quoted != `"`+name+`"` {
		return quoted
	}
	return name
}
