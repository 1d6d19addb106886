package complete

import (
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func TestPlaces(t *testing.T) {
	const file, directory = 0o100644, 0o040755
	var infos []*mesospb.FileInfo
	for name, mode := range map[string]uint32{"stdout": file, "stderr": file, "logs": directory, ".hidden": file, "a b": file, "torn\nname": file} {
		infos = append(infos, &mesospb.FileInfo{Path: new("/frameworks/F/executors/E/runs/latest/" + name), Mode: &mode})
	}
	for begin, want := range map[string]string{
		"": "t:a b|t:logs/|t:stderr|t:stdout", "std": "t:stderr|t:stdout", "l": "t:logs/", ".": "t:.hidden", "x": "",
	} {
		if got := strings.Join(typed("t:", begin, infos), "|"); got != want {
			t.Errorf("%q: %s, want %s", begin, got, want)
		}
	}
}
