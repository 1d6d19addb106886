package httpapi

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// tree makes files (names that end in / are directories) and returns where.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if err == nil && strings.HasSuffix(name, "/") {
			err = os.MkdirAll(path, 0o755)
		} else if err == nil {
			err = os.WriteFile(path, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func attach(t *testing.T, f *Files, file, virtual string) {
	t.Helper()
	if err := f.Attach(file, virtual); err != nil {
		t.Fatal(err)
	}
}

func serveFiles(f *Files) http.Handler {
	m := newMux("/master")
	(&Daemon{Files: f}).fileRoutes(m)
	return m
}

// answers checks the status of requests, and the body where one is expected.
func answers(t *testing.T, h http.Handler, tests map[string]struct {
	status int
	body   string
}) {
	t.Helper()
	for path, want := range tests {
		got := ask(h, "GET", path)
		if got.Code != want.status || (want.body != "" && got.Body.String() != want.body) {
			t.Errorf("%s: %d %s", path, got.Code, got.Body)
		}
	}
}

type expected = map[string]struct {
	status int
	body   string
}

func TestFilesAreAttachedAndDetached(t *testing.T) {
	// covers: FilesTest.AttachTest
	// covers: FilesTest.DetachTest
	dir := tree(t, map[string]string{"file": "body", "file2": "other", "dir/": ""})
	f := NewFiles()
	attach(t, f, dir+"/file", "myname")
	attach(t, f, dir+"/dir", "mydir")
	attach(t, f, dir+"/file", "myname")
	if err := f.AttachFor(dir+"/file", "myname", func(string) bool { return true }); err != nil {
		t.Error(err)
	}
	attach(t, f, dir+"/file2", "myname")
	for _, bad := range []string{dir + "/missing", dir + "/$@", dir + "/file/below"} {
		if err := f.Attach(bad, "somename"); mesos.KindOf(err) != mesos.NotFound || !strings.Contains(err.Error(), bad) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if data, _, err := f.Read("", "myname", 0, nil); string(data) != "other" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	f.Detach("myname")
	f.Detach("myname")
	if _, _, err := f.Read("", "myname", 0, nil); mesos.KindOf(err) != mesos.NotFound {
		t.Errorf("detached: %v", err)
	}
}

func TestFilesAreRead(t *testing.T) {
	// covers: FilesTest.ReadTest
	dir := tree(t, map[string]string{"file": "body", "empty": ""})
	f := NewFiles()
	attach(t, f, dir+"/file", "/myname")
	attach(t, f, dir+"/file", "myname")
	attach(t, f, dir+"/empty", "empty")
	authorized := true
	if err := f.AttachFor(dir+"/file", "authorized", func(string) bool { return authorized }); err != nil {
		t.Fatal(err)
	}
	const whole = `{"data":"body","offset":0}`
	h := serveFiles(f)
	answers(t, h, expected{
		"/files/read":                                  {400, ""},
		"/files/read?path=":                            {400, ""},
		"/files/read?path=none&offset=hello":           {400, ""},
		"/files/read?path=none&length=hello":           {400, ""},
		"/files/read?path=/myname&length=-2":           {400, ""},
		"/files/read?path=/myname&offset=-2":           {400, ""},
		"/files/read?path=missing":                     {404, ""},
		"/files/read?path=/myname&offset=0":            {200, whole},
		"/files/read?path=myname&offset=0":             {200, whole},
		"/master/files/read?path=myname&offset=0":      {200, whole},
		"/files/read?path=authorized&offset=0":         {200, whole},
		"/files/read?path=/myname&length=-1&offset=0":  {200, whole},
		"/files/read?path=/myname&length=2&offset=0":   {200, `{"data":"bo","offset":0}`},
		"/files/read?path=/myname&length=99&offset=2":  {200, `{"data":"dy","offset":2}`},
		"/files/read?path=/myname&length=0&offset=0":   {200, `{"data":"","offset":0}`},
		"/files/read?path=/myname&offset=4":            {200, `{"data":"","offset":4}`},
		"/files/read?path=/myname&offset=400":          {200, `{"data":"","offset":400}`},
		"/files/read?path=/myname":                     {200, `{"data":"","offset":4}`},
		"/files/read?path=/myname&offset=-1":           {200, `{"data":"","offset":4}`},
		"/files/read?path=empty&offset=0":              {200, `{"data":"","offset":0}`},
		"/files/read?path=/myname&offset=0&jsonp=call": {200, "call(" + whole + ");"},
	})
	authorized = false
	answers(t, h, expected{"/files/read?path=authorized&offset=0": {403, ""}})
}

func TestVirtualPathsAreResolved(t *testing.T) {
	// covers: FilesTest.ResolveTest
	dir := tree(t, map[string]string{"1/2/three": "three", "1/two": "two", "outside": "secret"})
	f := NewFiles()
	attach(t, f, dir+"/1", "one")
	attach(t, f, dir+"/1", "/one/")
	attach(t, f, dir+"/1/2", "two")
	attach(t, f, dir+"/1/2", "one/two")
	const three = `{"data":"three","offset":0}`
	answers(t, serveFiles(f), expected{
		"/files/read?path=one/2/three&offset=0":        {200, three},
		"/files/read?path=/one/2/three&offset=0":       {200, three},
		"/files/read?path=two/three&offset=0":          {200, three},
		"/files/read?path=one/two/three&offset=0":      {200, three},
		"/files/read?path=%2Fone%2F2%2Fthree&offset=0": {200, three},
		"/files/read?path=one%2Ftwo%2Fthree&offset=0":  {200, three},
		"/files/read?path=one/2":                       {400, ""},
		"/files/read?path=one":                         {400, ""},
		"/files/read?path=one/":                        {400, ""},
		"/files/read?path=one/two/":                    {400, ""},
		"/files/read?path=two/../two":                  {400, ""},
		"/files/read?path=two/../../outside":           {400, ""},
		"/files/read?path=one/../outside":              {400, ""},
	})
}

func TestNothingOutsideIsReached(t *testing.T) {
	dir := tree(t, map[string]string{"box/in": "in", "box-of-another/secret": "secret", "secret": "secret"})
	for link, target := range map[string]string{
		"box/out": dir + "/secret", "box/up": "..", "box/inner": "in", "box/loop": "loop", "box/gone": "nowhere",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	f := NewFiles()
	attach(t, f, dir+"/box", "/box")
	h := serveFiles(f)
	for _, page := range []string{"/files/read", "/files/download"} {
		answers(t, h, expected{
			page + "?path=/box/inner":                        {200, ""},
			page + "?path=/box/out":                          {400, ""},
			page + "?path=/box/up/secret":                    {400, ""},
			page + "?path=/box/../box-of-another/secret":     {400, ""},
			page + "?path=/box/loop":                         {400, ""},
			page + "?path=/box/gone":                         {404, ""},
			page + "?path=/box/in/below":                     {404, ""},
			page + "?path=" + dir + "/secret":                {404, ""},
			page + "?path=/box/in%00":                        {400, ""},
			page + "?path=/box/" + strings.Repeat("a", 5000): {400, ""},
		})
	}
	answers(t, h, expected{"/files/browse?path=/box/up": {400, ""}})
}

func TestAnEncodedPathIsDecodedOnce(t *testing.T) {
	// covers: FilesTest.QueryWithEncodedSequence
	dir := tree(t, map[string]string{"foo%3Abar": "body"})
	f := NewFiles()
	attach(t, f, dir, "/")
	answers(t, serveFiles(f), expected{
		"/files/read?path=/foo%253Abar&offset=0": {200, `{"data":"body","offset":0}`},
		"/files/read?path=/foo%3Abar&offset=0":   {404, ""},
	})
}

func TestDirectoriesAreBrowsed(t *testing.T) {
	// covers: FilesTest.BrowseTest
	dir := tree(t, map[string]string{"1/2/": "", "1/3/": "", "1/two": "two", "1/three": "three", "2/": ""})
	if err := os.Chmod(dir+"/1/two", 0o640); err != nil {
		t.Fatal(err)
	}
	f := NewFiles()
	attach(t, f, dir+"/1", "one")
	h := serveFiles(f)
	for _, path := range []string{"one", "one/", "one%2F"} {
		list := fetch[[]object](t, h, "/files/browse?path="+path)
		var paths []string
		for _, file := range list {
			paths = append(paths, file["path"].(string))
		}
		if got := strings.Join(paths, " "); got != "one/2 one/3 one/three one/two" {
			t.Errorf("%s: %s", path, got)
		}
		two := list[3]
		info, err := os.Stat(dir + "/1/two")
		if err != nil {
			t.Fatal(err)
		}
		if two["mode"] != "-rw-r-----" || two["size"] != 3.0 || two["nlink"] != 1.0 || list[0]["mode"] != "drwxr-xr-x" {
			t.Errorf("%v", two)
		}
		if two["mtime"] != float64(info.ModTime().UnixNano())/1e9 || two["uid"] == "" || two["gid"] == "" {
			t.Errorf("%v", two)
		}
	}
	answers(t, h, expected{
		"/files/browse?path=one/2":   {200, "[]"},
		"/files/browse?path=one/two": {200, "[]"},
		"/files/browse?path=missing": {404, ""},
		"/files/browse":              {400, ""},
	})
	authorized := true
	for virtual, real := range map[string]string{"one": "/1", "/two/": "/2"} {
		if err := f.AttachFor(dir+real, virtual, func(string) bool { return authorized }); err != nil {
			t.Fatal(err)
		}
	}
	for _, status := range []int{200, 403} {
		authorized = status == 200
		for _, path := range []string{"one", "one/", "/two", "/two/"} {
			answers(t, h, expected{"/files/browse?path=" + path: {status, ""}})
		}
	}
}

func TestFilesAreDownloaded(t *testing.T) {
	// covers: FilesTest.DownloadTest
	dir := tree(t, map[string]string{"binary": "no file extension", "black.gif": "GIF87a\x01\x00", "a b;c": "x", "d/": ""})
	f := NewFiles()
	attach(t, f, dir+"/binary", "binary")
	attach(t, f, dir+"/black.gif", "black.gif")
	attach(t, f, dir, "all")
	h := serveFiles(f)
	for path, want := range map[string][3]string{
		"binary":    {"application/octet-stream", "no file extension", "attachment; filename=binary"},
		"black.gif": {"image/gif", "GIF87a\x01\x00", "attachment; filename=black.gif"},
		"all/a+b;c": {"application/octet-stream", "x", `attachment; filename="a b;c"`},
	} {
		answer := ask(h, "GET", "/files/download?path="+strings.ReplaceAll(path, ";", "%3B"))
		got := [3]string{answer.Header().Get("Content-Type"), answer.Body.String(), answer.Header().Get("Content-Disposition")}
		if answer.Code != 200 || got != want {
			t.Errorf("%s: %d %q", path, answer.Code, got)
		}
	}
	authorized := true
	if err := f.AttachFor(dir+"/black.gif", "authorized.gif", func(string) bool { return authorized }); err != nil {
		t.Fatal(err)
	}
	answers(t, h, expected{
		"/files/download?path=authorized.gif": {200, ""},
		"/files/download?path=all/d":          {400, ""},
		"/files/download?path=missing":        {404, ""},
		"/files/download":                     {400, ""},
	})
	authorized = false
	answers(t, h, expected{"/files/download?path=authorized.gif": {403, ""}})

	request := httptest.NewRequest(http.MethodGet, "/files/download?path=binary", nil)
	request.Header.Set("Range", "bytes=3-6")
	part := httptest.NewRecorder()
	h.ServeHTTP(part, request)
	if part.Code != http.StatusPartialContent || part.Body.String() != "file" {
		t.Errorf("%d %q", part.Code, part.Body)
	}
}

func TestDebugShowsWhereVirtualPathsLead(t *testing.T) {
	dir := tree(t, map[string]string{"real-1/": "", "real-2/": ""})
	f := NewFiles()
	attach(t, f, dir+"/real-1", "virtual-1")
	attach(t, f, dir+"/real-2", "virtual-2")
	answers(t, serveFiles(f), expected{
		"/files/debug": {200, `{"virtual-1":"` + dir + `/real-1","virtual-2":"` + dir + `/real-2"}`},
	})
}

func TestOneReadIsLimited(t *testing.T) {
	large := strings.Repeat("ä", maxReadBytes) // two bytes each
	dir := tree(t, map[string]string{"large": "x" + large, "binary": "\xff\xfe\x00"})
	f := NewFiles()
	attach(t, f, dir+"/large", "large")
	attach(t, f, dir+"/binary", "binary")
	data, size, err := f.Read("", "large", 0, nil)
	if err != nil || len(data) != maxReadBytes || size != int64(1+len(large)) {
		t.Errorf("%d bytes of %d, %v", len(data), size, err)
	}
	// Over HTTP no character is torn: the last byte comes with the next read.
	h := serveFiles(f)
	page := fetch[struct{ Data string }](t, h, "/files/read?path=large&offset=0")
	if len(page.Data) != maxReadBytes-1 || strings.ContainsRune(page.Data, '\uFFFD') {
		t.Errorf("%d bytes", len(page.Data))
	}
	if answer := ask(h, "GET", "/files/read?path=binary&offset=0"); !json.Valid(answer.Body.Bytes()) {
		t.Errorf("%q is not JSON", answer.Body)
	}
}

func TestOperatorsReadFiles(t *testing.T) {
	// covers: MasterAPITest.ReadFile
	// covers: MasterAPITest.ReadFileInvalidPath
	// covers: MasterAPITest.ListFiles
	// covers: MasterAPITest.ListFilesInvalidPath
	// covers: AgentAPITest.ReadFile
	// covers: AgentAPITest.ReadFileInvalidPath
	// covers: AgentAPITest.ListFiles
	// covers: AgentAPITest.ListFilesInvalidPath
	dir := tree(t, map[string]string{"1/2/": "", "1/3/": "", "1/three": "three", "1/two": "two", "file": "body"})
	master, _ := leader()
	agent, _ := anAgent()
	for name, h := range map[string]http.Handler{"master": NewMaster(master), "agent": NewAgent(agent)} {
		files := master.Files
		if name == "agent" {
			files = agent.Files
		}
		attach(t, files, dir+"/file", "myname")
		attach(t, files, dir+"/1", "one")
		read := func(arguments string) *masterpb.Response_ReadFile { // the agent's has the same form
			return call(t, h, `{"type":"READ_FILE","read_file":{"path":"myname",`+arguments+`}}`, new(masterpb.Response)).GetReadFile()
		}
		if got := read(`"offset":1,"length":2`); string(got.GetData()) != "od" || got.GetSize() != 4 {
			t.Errorf("%s: %v", name, got)
		}
		if got := read(`"offset":1`); string(got.GetData()) != "ody" {
			t.Errorf("%s: %v", name, got)
		}
		if got := read(`"offset":9`); len(got.GetData()) != 0 || got.GetSize() != 4 {
			t.Errorf("%s: %v", name, got)
		}
		list := call(t, h, `{"type":"LIST_FILES","list_files":{"path":"one/"}}`, new(masterpb.Response)).GetListFiles().GetFileInfos()
		if len(list) != 4 || list[2].GetPath() != "one/three" || list[2].GetSize() != 5 {
			t.Errorf("%s: %v", name, list)
		}
		for _, kind := range []string{"READ_FILE", "LIST_FILES"} {
			body := `{"type":"` + kind + `","read_file":{"path":"five","offset":0},"list_files":{"path":"five"}}`
			if answer := ask(h, "POST", "/api/v1", body); answer.Code != http.StatusNotFound {
				t.Errorf("%s: %s of nothing: %d", name, kind, answer.Code)
			}
		}
	}
	protobuf, err := wire.Marshal(&agentpb.Call{Type: agentpb.Call_LIST_FILES.Enum(), ListFiles: &agentpb.Call_ListFiles{Path: new(string)}})
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest(http.MethodPost, "/api/v1", strings.NewReader(string(protobuf)))
	request.Header.Set("Content-Type", protobufType)
	answer := httptest.NewRecorder()
	NewAgent(agent).ServeHTTP(answer, request)
	if answer.Code != http.StatusNotFound {
		t.Errorf("an empty path: %d", answer.Code)
	}
}

func TestDebugTellsWhatLiesWhere(t *testing.T) {
	// covers: FilesTest.DebugTest
	dir := tree(t, map[string]string{"real-1/": "", "real-2/": ""})
	f := NewFiles()
	attach(t, f, filepath.Join(dir, "real-1"), "/virtual-1")
	attach(t, f, filepath.Join(dir, "real-2"), "/virtual-2")
	answers(t, serveFiles(f), map[string]struct {
		status int
		body   string
	}{"/files/debug": {http.StatusOK, `{"/virtual-1":"` + dir + `/real-1","/virtual-2":"` + dir + `/real-2"}`}})
	acls, err := acl.Parse([]byte(`{"permissive": true, "get_endpoints": [{"principals": {"type": "ANY"}, "paths": {"type": "NONE"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	m := newMux("/master")
	(&Daemon{Files: f, ACLs: acls}).fileRoutes(m)
	if got := ask(m, "GET", "/files/debug"); got.Code != http.StatusForbidden {
		t.Errorf("who may not see it: %d", got.Code)
	}
}
