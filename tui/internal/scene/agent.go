package scene

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Agent serves files as agents do: at most 64 KiB at a time, as Apache Mesos's.
type Agent struct {
	mu     sync.Mutex
	files  map[string][]byte
	refuse string
}

// Serve has the agent Host2 serve files.
func (s *Scene) Serve(t testing.TB) *Agent {
	t.Helper()
	a := &Agent{files: map[string][]byte{}}
	server := httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(server.Close)
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(at.Port())
	if err != nil {
		t.Fatal(err)
	}
	info := agent(Host2, at.Hostname(), 16)
	info.AgentInfo.Port = p(int32(port)) //nolint:gosec // a port
	s.Apply(&masterpb.Event{Type: masterpb.Event_AGENT_ADDED.Enum(), AgentAdded: &masterpb.Event_AgentAdded{Agent: info}})
	return a
}

// Sandbox is the virtual path of a task's sandbox.
func Sandbox(framework, task string) string {
	return "/frameworks/" + framework + "/executors/" + task + "/runs/latest"
}

// Write appends to a file.
func (a *Agent) Write(name string, data string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.files[name] = append(a.files[name], data...)
}

// Refuse has the agent forbid everything from now on, for a reason.
func (a *Agent) Refuse(why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refuse = why
}

func (a *Agent) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.refuse != "" {
		http.Error(w, a.refuse, http.StatusForbidden)
		return
	}
	if r.URL.Path == "/files/download" {
		_, _ = w.Write(a.files[r.URL.Query().Get("path")])
		return
	}
	media, _ := wire.ParseMediaType(r.Header.Get("Content-Type"))
	body, _ := io.ReadAll(r.Body)
	call := &agentpb.Call{}
	if err := media.Unmarshal(body, call); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer := &agentpb.Response{}
	switch call.GetType() {
	case agentpb.Call_READ_FILE:
		data, ok := a.files[call.GetReadFile().GetPath()]
		if !ok {
			http.Error(w, "no such file", http.StatusNotFound)
			return
		}
		answer.Type = agentpb.Response_READ_FILE.Enum()
		answer.ReadFile = &agentpb.Response_ReadFile{Size: p(uint64(len(data))), Data: part(data, call.GetReadFile())}
	case agentpb.Call_LIST_FILES:
		answer.Type = agentpb.Response_LIST_FILES.Enum()
		answer.ListFiles = &agentpb.Response_ListFiles{FileInfos: a.list(call.GetListFiles().GetPath())}
	default:
		http.Error(w, call.GetType().String(), http.StatusNotImplemented)
		return
	}
	w.Header().Set("Content-Type", media.String())
	out, err := media.Append(nil, answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(out)
}

func part(data []byte, read *agentpb.Call_ReadFile) []byte {
	const most = 64 << 10
	begin := min(read.GetOffset(), uint64(len(data)))
	end := min(begin+min(read.GetLength(), most), uint64(len(data)))
	return append([]byte{}, data[begin:end]...)
}

// list is the files of a directory, and the directories that have some.
func (a *Agent) list(dir string) []*mesospb.FileInfo {
	const file, directory = 0o100644, 0o040755
	var infos []*mesospb.FileInfo
	seen := map[string]bool{}
	for name, data := range a.files {
		below, ok := strings.CutPrefix(name, dir+"/")
		if !ok {
			continue
		}
		first, _, nested := strings.Cut(below, "/")
		if seen[first] {
			continue
		}
		seen[first] = true
		info := &mesospb.FileInfo{
			Path: p(path.Join(dir, first)), Nlink: p(int32(1)), Size: p(uint64(len(data))), Mode: p(uint32(file)), Uid: p("www"), Gid: p("www"),
			Mtime: at(-90 * 60e9),
		}
		if nested {
			info.Mode, info.Size = p(uint32(directory)), p(uint64(4096))
		}
		infos = append(infos, info)
	}
	return infos
}
