package registry

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
)

// lived is a directory in which a member has lived.
func lived(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	member, err := StartEmbedded(within(t, 20*time.Second), EmbeddedConfig{Dir: dir, Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	term := campaign(t, member.Client(), candidate("a"))
	for i := range 20 {
		if err := term.Store().Commit(within(t, time.Second), []master.RegistryWrite{admit(t, fmt.Sprintf("a-S%d", i))}); err != nil {
			t.Fatal(err)
		}
	}
	member.Close()
	return dir
}

// spoil overwrites the middle of the first file that matches.
func spoil(t *testing.T, pattern string, at int64) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v, %v", pattern, files, err)
	}
	f, err := os.OpenFile(files[0], os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte(strings.Repeat("spoilt", 400)), at); err != nil {
		t.Fatal(err)
	}
}

func TestDamagedDataIsRefusedWithWhatToDo(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, dir string){
		"write-ahead log": func(t *testing.T, dir string) { spoil(t, dir+"/member/wal/*.wal", 200) },
		"database": func(t *testing.T, dir string) { // both copies of its first page
			spoil(t, dir+"/member/snap/db", 0)
			spoil(t, dir+"/member/snap/db", int64(os.Getpagesize()))
		},
		"no log": func(t *testing.T, dir string) {
			files, _ := filepath.Glob(dir + "/member/wal/*.wal")
			for _, f := range files {
				if err := os.WriteFile(f, []byte("this is no log"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		},
	} {
		dir := lived(t)
		damage(t, dir)
		member, err := StartEmbedded(within(t, 5*time.Second), EmbeddedConfig{Dir: dir, Fast: true})
		if err == nil {
			member.Close()
			t.Errorf("%s: it starts", name)
			continue
		}
		for _, says := range []string{dir, "damaged", "registry restore", "member remove"} {
			if !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %q does not say %q", name, err, says)
			}
		}
	}
}

func TestADirectoryOfSomethingElseIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "letter.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := StartEmbedded(within(t, time.Second), EmbeddedConfig{Dir: dir})
	if mesos.KindOf(err) != mesos.Conflict || !strings.Contains(err.Error(), "letter.txt") {
		t.Errorf("got %v", err)
	}
}
