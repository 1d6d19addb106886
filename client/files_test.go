package client

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
)

// sandbox is an agent with one file, served as Mesos serves it: bytes that JSON
// needs not escape go out as they are.
type sandbox struct {
	mu    sync.Mutex
	data  []byte
	reads int
}

func (s *sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if s.data == nil || r.URL.Query().Get("path") != "/run/stdout" {
		http.NotFound(w, r)
		return
	}
	offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
	if offset < 0 {
		fmt.Fprintf(w, `{"data":"","offset":%d}`, len(s.data))
		return
	}
	rest := s.data[min(offset, len(s.data)):]
	rest = rest[:min(len(rest), 1000)]
	fmt.Fprintf(w, `{"data":%s,"offset":%d}`, quote(rest), offset)
}

func quote(p []byte) string {
	quoted := []byte{'"'}
	for _, c := range p {
		switch {
		case c == '"' || c == '\\':
			quoted = append(quoted, '\\', c)
		case c < ' ':
			quoted = fmt.Appendf(quoted, `\u%04x`, c)
		default:
			quoted = append(quoted, c)
		}
	}
	return string(append(quoted, '"'))
}

func (s *sandbox) write(p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = append(s.data, p...)
}

// everyByte is text that no encoding survives by luck.
func everyByte(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i * 7)
	}
	return p
}

func TestFollowCopiesEveryByte(t *testing.T) {
	box := &sandbox{}
	agent := NewAgent(serve(t, box.ServeHTTP), Config{})
	ended := make(chan struct{})
	done := make(chan error)
	var got bytes.Buffer
	first := make(chan struct{})
	go func() {
		done <- agent.Files().Follow(t.Context(), "/run/stdout", writerFunc(func(p []byte) (int, error) {
			if got.Len() == 0 {
				close(first)
			}
			return got.Write(p)
		}), ended)
	}()
	want := everyByte(5000)
	box.write(want[:3])
	<-first
	box.write(want[3:])
	close(ended)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Fatalf("got %d bytes, want %d", got.Len(), len(want))
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestFollowOfAFileThatNeverComes(t *testing.T) {
	box := &sandbox{}
	agent := NewAgent(serve(t, box.ServeHTTP), Config{})
	ended := make(chan struct{})
	close(ended)
	err := agent.Files().Follow(t.Context(), "/run/stdout", &bytes.Buffer{}, ended)
	if mesos.KindOf(err) != mesos.NotFound {
		t.Fatalf("error is %v", err)
	}
}

func TestSize(t *testing.T) {
	box := &sandbox{data: everyByte(1234)}
	if n, err := NewAgent(serve(t, box.ServeHTTP), Config{}).Files().Size(t.Context(), "/run/stdout"); err != nil || n != 1234 {
		t.Fatalf("size is %d, %v", n, err)
	}
}

func TestBrowse(t *testing.T) {
	agent := NewAgent(serve(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `[{"gid":"root","mode":"-rw-r--r--","mtime":1.5,"nlink":1,"path":"/run/stdout","size":6,"uid":"me"}]`)
	}), Config{})
	entries, err := agent.Files().Browse(t.Context(), "/run")
	if err != nil || len(entries) != 1 || entries[0].Size != 6 || entries[0].UID != "me" {
		t.Fatalf("%+v, %v", entries, err)
	}
}

func TestParseChunkRefuses(t *testing.T) {
	for _, bad := range []string{
		``, `[]`, `{`, `{"data":"`, `{"data":"a\`, `{"data":"\q"}`, `{"data":"\u12"}`, `{"offset":x}`,
		`{"other":1}`, `{"data":"a" "offset":1}`, `{"data":"\uzzzz","offset":0}`,
	} {
		if data, _, err := parseChunk([]byte(bad)); err == nil {
			t.Errorf("%s: %q, want an error", bad, data)
		}
	}
}

func FuzzParseChunk(f *testing.F) {
	f.Add([]byte(`{"data":"a\u0041\ud83d\ude00\n","offset":12}`))
	f.Add([]byte("\x00\xff\"\\"))
	f.Fuzz(func(t *testing.T, in []byte) {
		_, _, _ = parseChunk(bytes.Clone(in)) // whatever it is, it must not panic

		data, offset, err := parseChunk([]byte(`{"offset":3,"data":` + quote(in) + `}`))
		if err != nil || offset != 3 || !bytes.Equal(data, in) {
			t.Errorf("%q came back as %q, %d, %v", in, data, offset, err)
		}
	})
}
