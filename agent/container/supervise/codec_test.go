package supervise

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRequestSurvivesTheWire(t *testing.T) {
	for _, req := range []Request{
		{Seq: 1, Op: OpSignal, Container: "c", Signal: 15},
		{Seq: 1 << 63, Op: OpLaunch, Container: "c", Process: Process{
			Container: "c", Path: "/bin/sh", Args: []string{"sh", "-c", strings.Repeat("x", 1000)},
			Env: []string{"A=", "B=\xff"}, Dir: "/d", Stdout: "/d/stdout", Stderr: "/d/stderr",
			User:    &User{UID: 1, GID: 1<<32 - 1, Groups: []uint32{1, 2}},
			Rlimits: []Rlimit{{Resource: 7, Soft: 0, Hard: 1<<64 - 1}},
		}},
	} {
		var buf bytes.Buffer
		if err := WriteRequest(&buf, &req); err != nil {
			t.Fatal(err)
		}
		got, err := ReadRequest(&buf)
		if diff := cmp.Diff(req, got); err != nil || diff != "" {
			t.Errorf("read: %v %s", err, diff)
		}
	}
}

// fill sets everything in a value that can be set.
func fill(v reflect.Value, next *int) {
	*next++
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), next)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), next)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), next)
		fill(v.Index(1), next)
	case reflect.String:
		v.SetString(strconv.Itoa(*next))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*next))
	default:
		v.SetUint(uint64(*next % 256))
	}
}

// No field of a process is forgotten.
func TestEveryFieldOfAProcessSurvivesTheWire(t *testing.T) {
	want := Request{Op: OpLaunch, Container: "c"}
	next := 0
	fill(reflect.ValueOf(&want.Process).Elem(), &next)
	want.Process.Container = "c"
	var buf bytes.Buffer
	if err := WriteRequest(&buf, &want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadRequest(&buf)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("read: %v %s", err, diff)
	}
}

func TestMessageSurvivesTheWire(t *testing.T) {
	want := Message{Seq: 9, Container: "c", Pids: []int{1, 4194304}, Status: 0x1ff, Errno: 2, What: "run /x"}
	var buf bytes.Buffer
	if err := WriteMessage(&buf, &want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadMessage(&buf)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("read: %v %s", err, diff)
	}
	if _, err := ReadMessage(&buf); !errors.Is(err, io.EOF) {
		t.Errorf("read at the end = %v, want EOF", err)
	}
}

func TestMessageThatIsTooLong(t *testing.T) {
	if err := WriteMessage(io.Discard, &Message{What: strings.Repeat("x", maxMessage)}); !errors.Is(err, syscall.EMSGSIZE) {
		t.Errorf("write = %v", err)
	}
	if _, err := ReadMessage(strings.NewReader("\xff\xff\xff\xff")); !errors.Is(err, syscall.EMSGSIZE) {
		t.Errorf("read = %v", err)
	}
}

// FuzzRead shows that no bytes panic or make a list longer than themselves.
func FuzzRead(f *testing.F) {
	var buf bytes.Buffer
	WriteRequest(&buf, &Request{Op: OpLaunch, Container: "c", Process: Process{User: &User{}, Args: []string{"a"}}})
	f.Add(buf.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		req, err := ReadRequest(bytes.NewReader(data))
		if n := len(req.Process.Args) + len(req.Process.Env) + len(req.Process.Rlimits); err == nil && n > len(data) {
			t.Errorf("%d elements of %d bytes", n, len(data))
		}
		ReadMessage(bytes.NewReader(data))
	})
}
