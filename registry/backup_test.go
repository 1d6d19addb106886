package registry

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
)

var taken = time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)

// backupOf is the backup of a registry of n agents.
func backupOf(t *testing.T, n int) []byte {
	t.Helper()
	term := campaign(t, start(t, EmbeddedConfig{}).Client(), candidate("a"))
	admitted(t, term.Store()) // a master reads before it writes
	var writes []master.RegistryWrite
	for i := range n {
		writes = append(writes, admit(t, fmt.Sprintf("a-S%d", i)))
	}
	if err := term.Store().Commit(within(t, 20*time.Second), writes); err != nil {
		t.Fatal(err)
	}
	backup, err := term.Store().Backup(within(t, 20*time.Second), taken)
	if err != nil {
		t.Fatal(err)
	}
	return backup
}

func TestABackupHoldsTheWholeRegistry(t *testing.T) {
	const n = 2100 // more than a page, and than a transaction
	backup := backupOf(t, n)
	client := start(t, EmbeddedConfig{}).Client()
	restored, err := client.Restore(within(t, 20*time.Second), backup)
	if want := (Restored{Taken: taken, Keys: n}); err != nil || restored != want {
		t.Fatalf("restored %+v, %v", restored, err)
	}
	term := campaign(t, client, candidate("b"))
	if got := admitted(t, term.Store()); len(got) != n {
		t.Errorf("%d agents", len(got))
	}
	again, err := term.Store().Backup(within(t, 20*time.Second), taken)
	if err != nil {
		t.Fatal(err)
	}
	_, before, _ := bytes.Cut(backup, []byte("\n"))
	_, after, _ := bytes.Cut(again, []byte("\n"))
	if before, after := before[:len(before)-90], after[:len(after)-90]; !bytes.Equal(before, after) { // without checksums
		t.Error("the backup of what was restored differs")
	}
}

func TestABackupThatCannotBeUsedIsRefused(t *testing.T) {
	good := backupOf(t, 3)
	lines := bytes.SplitAfter(good, []byte("\n"))
	flipped := bytes.Clone(good)
	flipped[len(good)/2] ^= 1
	newer := bytes.Replace(good, []byte(`"registry_version":1`), []byte(`"registry_version":2`), 1)
	for name, test := range map[string]struct {
		backup []byte
		kind   mesos.Kind
		says   string
	}{
		"empty":     {nil, mesos.Invalid, "not a backup"},
		"foreign":   {[]byte("{\"a\":1}\n"), mesos.Invalid, "not a backup"},
		"binary":    {bytes.Repeat([]byte{0xff, 0}, 1000), mesos.Invalid, "not a backup"},
		"cut":       {bytes.Join(lines[:3], nil), mesos.Invalid, "its end is missing"},
		"cut short": {good[:len(good)-20], mesos.Invalid, "damaged"},
		"flipped":   {flipped, mesos.Invalid, "damaged"},
		"newer":     {newer, mesos.Unsupported, "newer mesosctl"},
	} {
		client := start(t, EmbeddedConfig{}).Client()
		_, err := client.Restore(within(t, 20*time.Second), test.backup)
		if mesos.KindOf(err) != test.kind || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", name, err)
		}
		if keys, _, err := client.readAll(within(t, time.Second)); err != nil || len(keys) != 0 {
			t.Errorf("%s: wrote %v, %v", name, keys, err)
		}
	}
}

func FuzzReadBackup(f *testing.F) {
	f.Add([]byte(`{"mesosctl_registry_backup":1,"registry_version":1,"keys":0}` + "\n" + `{"sha256":"x"}` + "\n"))
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = CheckBackup(data) })
}

func TestARestoreReplacesNoRegistry(t *testing.T) {
	backup := backupOf(t, 3)
	client := start(t, EmbeddedConfig{}).Client()
	term := campaign(t, client, candidate("a"))
	if _, err := client.Restore(within(t, time.Second), backup); mesos.KindOf(err) != mesos.Conflict || !strings.Contains(err.Error(), "a master leads") {
		t.Errorf("under a leader: %v", err)
	}
	if err := term.Store().Commit(within(t, time.Second), []master.RegistryWrite{admit(t, "a-S0")}); err != nil {
		t.Fatal(err)
	}
	if err := term.Resign(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Restore(within(t, time.Second), backup); mesos.KindOf(err) != mesos.Conflict || !strings.Contains(err.Error(), "empty") {
		t.Errorf("over a registry: %v", err)
	}
}

func TestAnInterruptedRestoreIsDoneAgain(t *testing.T) {
	backup := backupOf(t, 3)
	client := start(t, EmbeddedConfig{}).Client()
	if err := client.beginRestore(within(t, time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := client.unled(within(t, time.Second), []clientv3.Op{operation(admit(t, "half"))}); err != nil {
		t.Fatal(err)
	}
	term := campaign(t, client, candidate("a"))
	_, err := term.Store().Load(within(t, time.Second))
	if !errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), "registry restore") {
		t.Errorf("a master reads half a registry: %v", err)
	}
	if err := term.Resign(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Restore(within(t, 10*time.Second), backup); err != nil {
		t.Fatal(err)
	}
	if got := admitted(t, campaign(t, client, candidate("b")).Store()); len(got) != 3 {
		t.Errorf("the registry holds %v", got)
	}
}

func TestARegistryOfAnotherVersionIsRefused(t *testing.T) {
	// covers: MasterTest.RecoverWithMinimumCapability
	client := start(t, EmbeddedConfig{}).Client()
	for value, kind := range map[string]mesos.Kind{"2": mesos.Unsupported, "x": mesos.Internal, "0": mesos.Internal} {
		if err := client.unled(within(t, time.Second), []clientv3.Op{clientv3.OpPut(prefix+versionKey, value)}); err != nil {
			t.Fatal(err)
		}
		term := campaign(t, client, candidate("a"))
		_, err := term.Store().Load(within(t, time.Second))
		if mesos.KindOf(err) != kind || !errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), "registry restore") {
			t.Errorf("version %q: %v", value, err)
		}
		if err := term.Resign(within(t, 10*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheRegistryCarriesItsVersion(t *testing.T) {
	// covers: RegistrarTest.Bootstrap
	client := start(t, EmbeddedConfig{}).Client()
	term := campaign(t, client, candidate("a"))
	if got := admitted(t, term.Store()); len(got) != 0 {
		t.Errorf("a new registry holds %v", got)
	}
	keys, _, err := client.readAll(within(t, time.Second))
	if err != nil || len(keys) != 1 || string(keys[versionKey]) != "1" {
		t.Errorf("it holds %q, %v", keys, err)
	}
}
