package checkpoint

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func open(t *testing.T) (*Store, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "meta")
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

func apply(t *testing.T, s *Store, ops ...Op) {
	t.Helper()
	if err := s.Apply(ops); err != nil {
		t.Fatal(err)
	}
}

func strs(records [][]byte) (out []string) {
	for _, r := range records {
		out = append(out, string(r))
	}
	return out
}

// covers: ProtobufIOTest.Append
func TestABatchWritesReplacesAppendsAndRemoves(t *testing.T) {
	s, _ := open(t)
	apply(t, s,
		Op{Path: "slaves/S0/slave.info", Value: []byte("one")},
		Op{Path: "slaves/S0/updates", Value: []byte("a"), Append: true},
		Op{Path: "slaves/S0/updates", Value: []byte(""), Append: true},
		Op{Path: "slaves/S0/slave.info", Value: []byte("two")},
		Op{Path: "boot_id", Value: []byte("x")},
		Op{Path: "slaves/S1/updates", Value: []byte("lost"), Append: true},
		Op{Path: "slaves/S1"},
	)
	got, err := s.Read("slaves/S0/slave.info")
	if err != nil || string(got) != "two" {
		t.Errorf("slave.info: %q, %v", got, err)
	}
	records, err := s.Records("slaves/S0/updates")
	if err != nil || !slices.Equal(strs(records), []string{"a", ""}) {
		t.Errorf("updates: %q, %v", records, err)
	}
	files, err := s.Files()
	if want := []string{"boot_id", "slaves/S0/slave.info", "slaves/S0/updates"}; err != nil || !slices.Equal(files, want) {
		t.Errorf("files: %q, %v, want %q", files, err, want)
	}
	if _, err := s.Read("slaves/S1/updates"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removed file: %v", err)
	}
}

func TestATornTailIsCutAndRecordsFollowTheLastWholeOne(t *testing.T) {
	whole := append(record([]byte("first")), record([]byte("second"))...)
	for cut := 1; cut < len(record([]byte("second"))); cut++ {
		s, dir := open(t)
		if err := os.WriteFile(filepath.Join(dir, "updates"), whole[:len(whole)-cut], 0o644); err != nil {
			t.Fatal(err)
		}
		records, err := s.Records("updates")
		if err != nil || !slices.Equal(strs(records), []string{"first"}) {
			t.Fatalf("%d bytes torn off: %q, %v", cut, records, err)
		}
		apply(t, s, Op{Path: "updates", Value: []byte("third"), Append: true})
		records, err = s.Records("updates")
		if err != nil || !slices.Equal(strs(records), []string{"first", "third"}) {
			t.Fatalf("%d bytes torn off, then a record: %q, %v", cut, records, err)
		}
	}
}

func TestAFlippedBitEndsTheRecords(t *testing.T) {
	s, dir := open(t)
	apply(t, s, Op{Path: "u", Value: []byte("first"), Append: true}, Op{Path: "u", Value: []byte("second"), Append: true})
	path := filepath.Join(dir, "u")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 1
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if records, err := s.Records("u"); err != nil || !slices.Equal(strs(records), []string{"first"}) {
		t.Errorf("records: %q, %v", records, err)
	}
}

func TestDamageInTheMiddleIsToldFromATornTail(t *testing.T) {
	whole := slices.Concat(record([]byte("first")), record([]byte("second")), record([]byte("third")))
	for name, damage := range map[string]struct {
		data []byte
		torn bool
	}{
		"a flipped bit":    {flip(whole, len(record([]byte("first")))+recordHeader), false},
		"another length":   {flip(whole, len(record([]byte("first")))), false},
		"zeros at the end": {append(slices.Clone(whole[:len(record([]byte("first")))]), make([]byte, 4096)...), true},
		"no length":        {append(slices.Clone(whole[:len(record([]byte("first")))]), 1, 2, 3), true},
	} {
		s, dir := open(t)
		if err := os.WriteFile(filepath.Join(dir, "u"), damage.data, 0o644); err != nil {
			t.Fatal(err)
		}
		records, err := s.Records("u")
		if !slices.Equal(strs(records), []string{"first"}) || errors.Is(err, ErrDamaged) == damage.torn {
			t.Errorf("%s: %q, %v", name, records, err)
		}
		apply(t, s, Op{Path: "u", Value: []byte("next"), Append: true})
		if records, err := s.Records("u"); err != nil || !slices.Equal(strs(records), []string{"first", "next"}) {
			t.Errorf("%s, and a record after it: %q, %v", name, records, err)
		}
	}
}

func flip(data []byte, at int) []byte {
	data = slices.Clone(data)
	data[at] ^= 1
	return data
}

// TestADiskThatIsFullAtAnyByte lets the disk take only so many bytes of a batch.
// What was there before is there afterwards, and what there is of the batch is whole.
func TestADiskThatIsFullAtAnyByte(t *testing.T) {
	// covers: SlaveStateTest.CheckpointString
	// covers: SlaveStateTest.CheckpointProtobufMessage
	// covers: SlaveStateTest.CheckpointRepeatedProtobufMessages
	for room := 0; ; room++ {
		s, dir := open(t)
		apply(t, s, Op{Path: "info", Value: []byte("old")}, Op{Path: "log", Value: []byte("one"), Append: true})
		left := room
		s.write = func(file *os.File, data []byte) error {
			n := min(left, len(data))
			left -= n
			if _, err := file.Write(data[:n]); err != nil || n == len(data) {
				return err
			}
			return syscall.ENOSPC
		}
		err := s.Apply([]Op{
			{Path: "log", Value: []byte("two"), Append: true}, {Path: "info", Value: []byte("new")}, {Path: "log", Value: []byte("three"), Append: true},
		})
		again, openErr := Open(dir)
		if openErr != nil {
			t.Fatal(openErr)
		}
		info, infoErr := again.Read("info")
		records, recordsErr := again.Records("log")
		if infoErr != nil || recordsErr != nil {
			t.Fatalf("room for %d bytes: %v, %v", room, infoErr, recordsErr)
		}
		got := string(info) + " " + strings.Join(strs(records), " ")
		if err == nil {
			if got != "new one two three" {
				t.Errorf("all was written, but there is %q", got)
			}
			return
		}
		if !errors.Is(err, syscall.ENOSPC) || !slices.Contains([]string{"old one", "old one two", "new one two"}, got) {
			t.Errorf("room for %d bytes: %v, and there is %q", room, err, got)
		}
		names, err := again.List("log/..") // not a path below the directory
		if err == nil {
			t.Errorf("listed %q", names)
		}
	}
}

func TestPathsStayBelowTheDirectory(t *testing.T) {
	s, _ := open(t)
	for _, path := range []string{"", ".", "..", "../x", "/etc/x", "a/../../x"} {
		if err := s.Apply([]Op{{Path: path, Value: []byte("x")}}); err == nil {
			t.Errorf("%q was accepted", path)
		}
		if _, err := s.Read(path); err == nil {
			t.Errorf("%q was read", path)
		}
	}
}

func TestAFailedWriteSaysWhatFailedAndKeepsTheOldValue(t *testing.T) {
	s, dir := open(t)
	apply(t, s, Op{Path: "a/b", Value: []byte("old")})
	if err := os.Mkdir(filepath.Join(dir, "a", "b"+temporary), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply([]Op{{Path: "a/b", Value: []byte("new")}}); err == nil {
		t.Fatal("a write that could not be made was reported as done")
	}
	if got, err := s.Read("a/b"); err != nil || string(got) != "old" {
		t.Errorf("old value: %q, %v", got, err)
	}
}

func TestADirectoryMayBeNamedAsATemporaryFileIs(t *testing.T) {
	s, dir := open(t)
	apply(t, s, Op{Path: "tasks/name.tmp/info", Value: []byte("x")})
	if err := os.WriteFile(filepath.Join(dir, "tasks", "left.tmp"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if names, err := s.List("tasks"); err != nil || !slices.Equal(names, []string{"name.tmp"}) {
		t.Errorf("got %q, %v", names, err)
	}
}
