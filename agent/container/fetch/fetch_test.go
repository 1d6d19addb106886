package fetch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is a sandbox and a directory of files to fetch.
type fixture struct {
	t       *testing.T
	f       Fetcher
	sandbox string
	from    string
	log     strings.Builder

	cacheDir string
}

func newFixture(t *testing.T) *fixture {
	return &fixture{t: t, sandbox: t.TempDir(), from: t.TempDir(), f: Fetcher{Backoff: time.Millisecond}}
}

// file makes a file to fetch and returns its path.
func (f *fixture) file(name, content string) string {
	f.t.Helper()
	path := filepath.Join(f.from, name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		f.t.Fatal(err)
	}
	return path
}

func uri(value string) *mesospb.CommandInfo_URI { return &mesospb.CommandInfo_URI{Value: &value} }

func (f *fixture) fetch(uris ...*mesospb.CommandInfo_URI) error {
	return f.f.Fetch(f.t.Context(), Request{URIs: uris, Sandbox: f.sandbox, Log: &f.log})
}

func (f *fixture) mustFetch(uris ...*mesospb.CommandInfo_URI) {
	f.t.Helper()
	if err := f.fetch(uris...); err != nil {
		f.t.Fatal(err)
	}
}

// refused fetches what must fail with a sentence that has want in it.
func (f *fixture) refused(want string, uris ...*mesospb.CommandInfo_URI) {
	f.t.Helper()
	err := f.fetch(uris...)
	if err == nil || !strings.Contains(err.Error(), want) {
		f.t.Errorf("fetch = %v, want an error with %q", err, want)
	}
}

// has checks a file of the sandbox.
func (f *fixture) has(name, want string) {
	f.t.Helper()
	got, err := os.ReadFile(filepath.Join(f.sandbox, name))
	if err != nil || string(got) != want {
		f.t.Errorf("%s = %q, %v, want %q", name, got, err, want)
	}
}

func (f *fixture) hasNot(name string) {
	f.t.Helper()
	if _, err := os.Lstat(filepath.Join(f.sandbox, name)); !errors.Is(err, os.ErrNotExist) {
		f.t.Errorf("%s is there (%v)", name, err)
	}
}

func (f *fixture) mode(name string) os.FileMode {
	f.t.Helper()
	info, err := os.Stat(filepath.Join(f.sandbox, name))
	if err != nil {
		f.t.Fatal(err)
	}
	return info.Mode()
}

// covers: FetcherTest.FileURI
// covers: FetcherTest.FileLocalhostURI
// covers: FetcherTest.AbsoluteFilePath
// covers: CopyFetcherPluginTest.FetchExistingFile
func TestLocalFile(t *testing.T) {
	for _, prefix := range []string{"", "file://", "file://localhost", " \t\r\n"} {
		f := newFixture(t)
		f.mustFetch(uri(prefix + f.file("test", "data")))
		f.has("test", "data")
	}
}

// covers: FetcherTest.RelativeFilePath
func TestRelativePathNeedsFrameworksHome(t *testing.T) {
	f := newFixture(t)
	f.file("test", "data")
	f.refused("--frameworks_home", uri("test"))
	f.f.FrameworksHome = f.from
	f.mustFetch(uri("test"))
	f.has("test", "data")
	f.refused("absolute path", uri("file://some/test"))
}

// covers: FetcherTest.NonExistingFile
// covers: CopyFetcherPluginTest.FetchNonExistingFile
func TestFileThatDoesNotExist(t *testing.T) {
	f := newFixture(t)
	f.refused("no such file", uri("file:///nowhere/to/be/found"))
	f.refused("not a file", uri(f.from))
	f.refused("not a file", uri("/dev/zero"))
}

// covers: FetcherTest.MalformedURI
func TestMalformedURI(t *testing.T) {
	f := newFixture(t)
	f.refused("malformed", uri("lala://nopath"))
	f.refused("malformed", uri("http://host/"))
	f.refused("malformed", uri("http://host/directory/"))
	f.refused("malformed", uri("/a/.."))
	f.refused("malformed", uri(""))
	f.refused("quote", uri("http://host/it's"))
	f.refused("NUL", uri("/a\x00"))
	f.refused(`scheme "hdfs"`, uri("hdfs://host/file"))
	f.refused(`scheme "ftp"`, uri("ftp://host/file"))
	if got := display("http://user:secret@host/file"); strings.Contains(got, "secret") {
		t.Errorf("a password is shown: %s", got)
	}
}

func TestEveryURIIsCheckedBeforeOneIsFetched(t *testing.T) {
	f := newFixture(t)
	f.refused("malformed", uri(f.file("good", "data")), uri("lala://nopath"))
	f.hasNot("good")
}

func output(value, name string) *mesospb.CommandInfo_URI {
	return &mesospb.CommandInfo_URI{Value: &value, OutputFile: &name}
}

// covers: FetcherTest.UseCustomOutputFile
// covers: FetcherTest.CustomOutputFileSubdirectory
func TestOutputFile(t *testing.T) {
	f := newFixture(t)
	from := f.file("test", "data")
	f.mustFetch(output(from, "custom"), output(from, "a/b/custom"))
	f.has("custom", "data")
	f.has("a/b/custom", "data")
	f.hasNot("test")
}

// covers: FetcherTest.AbsoluteCustomSubdirectoryFails
func TestOutputFileStaysInTheSandbox(t *testing.T) {
	f := newFixture(t)
	from := f.file("test", "data")
	for _, name := range []string{"/subdir/custom", "../custom", "a/../../custom", ".", "a\x00"} {
		f.refused("output_file", output(from, name))
	}
	f.refused("empty", output(from, ""))
	// Not by way of a link that is there either.
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(f.sandbox, "way")); err != nil {
		t.Fatal(err)
	}
	f.refused("escapes", output(from, "way/out"))
	if entries, _ := os.ReadDir(outside); len(entries) > 0 {
		t.Error("something was written outside the sandbox")
	}
}

// covers: FetcherTest.NoExtractNotExecutable
// covers: FetcherTest.NoExtractExecutable
func TestExecutable(t *testing.T) {
	f := newFixture(t)
	u := uri(f.file("test", "data"))
	u.Extract = proto.Bool(false)
	f.mustFetch(u)
	if mode := f.mode("test"); mode&0o111 != 0 {
		t.Errorf("mode = %v, want not executable", mode)
	}
	u.Executable = proto.Bool(true)
	f.mustFetch(u)
	if mode := f.mode("test"); mode.Perm() != 0o755 {
		t.Errorf("mode = %v, want 0755", mode)
	}
}

// covers: FetcherTest.LogSuccessToStderr
func TestLog(t *testing.T) {
	f := newFixture(t)
	from := f.file("test", "data")
	f.mustFetch(uri(from))
	if log := f.log.String(); !strings.Contains(log, from) || !strings.Contains(log, f.sandbox+"/test") {
		t.Errorf("log = %q, want from where and to where", log)
	}
}

func TestCachedURI(t *testing.T) {
	f := newFixture(t)
	from := f.file("test", "data")
	u, v := output(from, "one"), output(from, "two")
	u.Cache, v.Cache = proto.Bool(true), proto.Bool(true)
	f.mustFetch(u, v)
	f.has("one", "data")
	f.has("two", "data")
}

func serve(t *testing.T, handler http.HandlerFunc) string {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// covers: FetcherTest.OSNetUriTest
// covers: CurlFetcherPluginTest.CURL_ValidUri
// covers: CurlFetcherPluginTest.CURL_InvalidUri
// covers: FetcherTest.OSNetUriSpaceTest
func TestHTTP(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/dir/test", http.StatusFound)
		case "/dir/test":
			io.WriteString(w, "data "+r.URL.RawQuery)
		default:
			http.NotFound(w, r)
		}
	})
	f := newFixture(t)
	// covers: CurlFetcherPluginTest.CURL_ValidUriWithOutputFileName
	f.mustFetch(uri("\r\n\t "+url+"/dir/test?version=1"), uri(url+"/moved"), output(url+"/moved", "named"))
	f.has("named", "data ")
	f.has("test?version=1", "data version=1")
	f.has("moved", "data ")
	f.refused("404", uri(url+"/nowhere"))
	f.refused("connect", uri("http://127.0.0.1:1/nobody"))
}

func TestHTTPThatEndsEarly(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "half")
	})
	newFixture(t).refused("EOF", uri(url+"/test"))
}

func TestHTTPThatStalls(t *testing.T) {
	stop := make(chan struct{})
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/half" {
			io.WriteString(w, "half")
			w.(http.Flusher).Flush()
		}
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	})
	defer close(stop)
	f := newFixture(t)
	f.f.StallTimeout = 50 * time.Millisecond
	f.refused("no progress", uri(url+"/silent"))
	f.refused("no progress", uri(url+"/half"))
	if err := f.fetch(uri(url + "/half")); mesos.KindOf(err) != mesos.TimedOut {
		t.Errorf("kind of %v is not TimedOut", err)
	}
}

func TestFetchIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	f := newFixture(t)
	err := f.f.Fetch(ctx, Request{URIs: []*mesospb.CommandInfo_URI{uri(url + "/test")}, Sandbox: f.sandbox, Log: io.Discard})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("fetch = %v, want it cancelled", err)
	}
}

// nobody is a user without rights.
var nobody = &supervise.User{UID: 65534, GID: 65534, Groups: []uint32{65534}}

// covers: FetcherTest.ROOT_UNPRIVILEGED_USER_RootProtectedFileURI
func TestFilesAreReadAndOwnedByTheUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("switching users takes root")
	}
	f := newFixture(t)
	for _, dir := range []string{f.sandbox, f.from, filepath.Dir(f.sandbox), filepath.Dir(f.from)} {
		os.Chmod(dir, 0o755)
	}
	os.Chown(f.sandbox, 65534, 65534)
	public, secret := f.file("public", "data"), f.file("secret", "data")
	os.Chmod(secret, 0o600)
	request := Request{Sandbox: f.sandbox, User: nobody, Log: io.Discard}

	request.URIs = []*mesospb.CommandInfo_URI{uri(public)}
	if err := f.f.Fetch(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(f.sandbox, "public"))
	if err != nil {
		t.Fatal(err)
	}
	if uid := ownerOf(info); uid != 65534 {
		t.Errorf("the file is owned by %d", uid)
	}

	request.URIs = []*mesospb.CommandInfo_URI{uri(secret)}
	if err := f.f.Fetch(t.Context(), request); !errors.Is(err, os.ErrPermission) {
		t.Errorf("fetch of root's file = %v, want permission denied", err)
	}
	f.hasNot("secret")
	// This process has its own rights still.
	if _, err := os.ReadFile(secret); err != nil {
		t.Error(err)
	}
}
