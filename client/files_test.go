package client

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// sandbox is an agent with one file, of which it sends up to 1000 bytes at once.
type sandbox struct {
	mu   sync.Mutex
	data []byte
}

func (s *sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == "/files/download" {
		_, _ = w.Write(s.data)
		return
	}
	media, _ := wire.ParseMediaType(r.Header.Get("Content-Type"))
	body, _ := io.ReadAll(r.Body)
	call, answer := &agentpb.Call{}, &agentpb.Response{}
	if err := media.Unmarshal(body, call); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	switch call.GetType() {
	case agentpb.Call_LIST_FILES:
		answer.Type = agentpb.Response_LIST_FILES.Enum()
		answer.ListFiles = &agentpb.Response_ListFiles{FileInfos: []*mesospb.FileInfo{
			{Path: proto.String(call.GetListFiles().GetPath() + "/stdout"), Size: proto.Uint64(uint64(len(s.data)))},
		}}
	case agentpb.Call_READ_FILE:
		if s.data == nil || call.GetReadFile().GetPath() != "/run/stdout" {
			http.NotFound(w, r)
			return
		}
		rest := s.data[min(int(call.GetReadFile().GetOffset()), len(s.data)):]
		rest = rest[:min(len(rest), 1000, int(call.GetReadFile().GetLength()))]
		answer.Type = agentpb.Response_READ_FILE.Enum()
		answer.ReadFile = &agentpb.Response_ReadFile{Data: rest, Size: proto.Uint64(uint64(len(s.data)))}
	}
	out, err := media.Append(nil, answer)
	if err != nil {
		http.Error(w, fmt.Sprint(err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", media.String())
	_, _ = w.Write(out)
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
	agent := NewAgent(serve(t, box.ServeHTTP), Config{MediaType: wire.Protobuf})
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
	box := &sandbox{data: everyByte(6)}
	entries, err := NewAgent(serve(t, box.ServeHTTP), Config{}).Files().Browse(t.Context(), "/run")
	if err != nil || len(entries) != 1 || entries[0].GetSize() != 6 || entries[0].GetPath() != "/run/stdout" {
		t.Fatalf("%+v, %v", entries, err)
	}
}

func TestDownload(t *testing.T) {
	box := &sandbox{data: everyByte(3000)}
	file, err := NewAgent(serve(t, box.ServeHTTP), Config{}).Files().Download(t.Context(), "/run/stdout")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if got, err := io.ReadAll(file); err != nil || !bytes.Equal(got, box.data) {
		t.Fatalf("got %d bytes, %v", len(got), err)
	}
}
