package taskref

import (
	"testing"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func TestModes(t *testing.T) {
	for mode, want := range map[uint32]string{
		0o100644: "-rw-r--r--", 0o040755: "drwxr-xr-x", 0o120777: "lrwxrwxrwx", 0o104755: "-rwsr-xr-x", 0o102644: "-rw-r-Sr--", 0o041777: "drwxrwxrwt",
	} {
		info := &mesospb.FileInfo{Mode: &mode}
		if got := ModeText(info); got != want {
			t.Errorf("%o is %s, want %s", mode, got, want)
		}
		if got := IsDirectory(info); got != (want[0] == 'd') {
			t.Errorf("%s is a directory: %v", want, got)
		}
	}
}
