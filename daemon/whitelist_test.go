package daemon

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mesosctl/mesosctl/master"
)

func TestReadWhitelist(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hosts")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]map[string]bool{
		"": {}, "\n\n": {}, "a1\n a2 \r\n\na3": {"a1": true, "a2": true, "a3": true},
	} {
		write(text)
		if got, err := ReadWhitelist(file); err != nil || got == nil || !maps.Equal(got, want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, all := range []string{"", "*"} {
		if got, err := ReadWhitelist(all); got != nil || err != nil {
			t.Errorf("%q: %v, %v, want every host", all, got, err)
		}
	}
	if _, err := ReadWhitelist(file + ".missing"); err == nil || !strings.Contains(err.Error(), "hosts.missing") {
		t.Errorf("a missing file: %v", err)
	}
}

// https://mesos.apache.org/documentation/latest/configuration/master/
func TestTheWhitelistIsWatched(t *testing.T) {
	// covers: MasterAllocatorTest.Whitelist
	// covers: WhitelistTest.WhitelistSlave
	file := filepath.Join(t.TempDir(), "hosts")
	change := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	change("a1")
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		w := &whitelist{path: file, log: slog.New(slog.NewTextHandler(&log, nil))}
		if got := w.read(); !maps.Equal(got, map[string]bool{"a1": true}) {
			t.Fatalf("it begins as %v", got)
		}
		var told []map[string]bool
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- w.watch(ctx, func(inputs ...master.Input) bool {
				for _, in := range inputs {
					told = append(told, in.(master.UpdateWhitelist).Hostnames)
				}
				return true
			})
		}()
		// after one interval, want are the hosts that the master was told since.
		after := func(want ...string) {
			t.Helper()
			time.Sleep(whitelistInterval)
			synctest.Wait()
			got := make([]string, len(told))
			for i, hosts := range told {
				got[i] = strings.Join(slices.Sorted(maps.Keys(hosts)), " ")
			}
			if strings.Join(got, ",") != strings.Join(want, ",") {
				t.Errorf("told %q, want %q", got, want)
			}
			told = nil
		}
		after()
		change("a2\na1")
		after("a1 a2")
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		after() // what was known stays
		after()
		if n := strings.Count(log.String(), "can't be read"); n != 1 {
			t.Errorf("the log says %d times that the file is missing:\n%s", n, &log)
		}
		change("")
		after("")
		cancel()
		<-done
	})
}
