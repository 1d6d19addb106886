package fetch

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// cached gives the fixture a cache of so many bytes, in a directory of its own.
func (f *fixture) cached(limit mesos.Bytes) *fixture {
	f.t.Helper()
	f.cacheDir = filepath.Join(f.t.TempDir(), "fetch")
	f.reopen(limit)
	return f
}

func (f *fixture) reopen(limit mesos.Bytes) {
	f.t.Helper()
	var err error
	if f.f.Cache, err = OpenCache(f.cacheDir, limit); err != nil {
		f.t.Fatal(err)
	}
	cache := f.f.Cache
	f.t.Cleanup(func() { cache.Close() })
}

// keeps checks how many files the cache has, that they are all that is in its
// directory, and how much is used.
func (f *fixture) keeps(files int, bytes int64) {
	f.t.Helper()
	entries, err := os.ReadDir(f.cacheDir)
	if err != nil {
		f.t.Fatal(err)
	}
	if _, used := f.f.Cache.Size(); len(entries) != files || used != bytes || len(f.f.Cache.entries) != files {
		f.t.Errorf("the cache has %v and %d entries and uses %d bytes, want %d files and %d bytes", entries, len(f.f.Cache.entries), used, files, bytes)
	}
	for _, e := range f.f.Cache.entries {
		if e.users != 0 {
			f.t.Errorf("%s has %d users", e.name, e.users)
		}
	}
}

// counted serves files by their names and counts the requests.
func counted(t *testing.T, files map[string]string) (url string, requests *atomic.Int64) {
	requests = new(atomic.Int64)
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		content, ok := files[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		io.WriteString(w, content)
	}), requests
}

func cache(value string) *mesospb.CommandInfo_URI {
	return &mesospb.CommandInfo_URI{Value: &value, Cache: proto.Bool(true), Extract: proto.Bool(false)}
}

func (f *fixture) newSandbox() {
	f.sandbox = f.t.TempDir()
	f.log.Reset()
}

// covers: FetcherCacheTest.LocalUncached
// covers: FetcherCacheTest.LocalUncachedExtract
func TestWithoutAskingNothingIsCached(t *testing.T) {
	f := newFixture(t).cached(1 << 20)
	u := uri(f.file("command.sh", "#!/bin/sh"))
	u.Executable = proto.Bool(true)
	f.mustFetch(u, uri(f.file("archive.tar", tarArchive(t, reg("inner")))))
	f.has("command.sh", "#!/bin/sh")
	f.has("inner", "content of inner")
	if f.mode("command.sh").Perm() != 0o755 {
		t.Error("not executable")
	}
	f.keeps(0, 0)
}

// covers: FetcherCacheTest.LocalCached
func TestALocalFileIsCachedOnce(t *testing.T) {
	f := newFixture(t).cached(1 << 20)
	u := cache(f.file("command.sh", "#!/bin/sh"))
	u.Executable = proto.Bool(true)
	for range 2 {
		f.newSandbox()
		f.mustFetch(u)
		f.has("command.sh", "#!/bin/sh")
		if f.mode("command.sh").Perm() != 0o755 {
			t.Error("not executable")
		}
		f.keeps(1, 9)
		f.file("command.sh", "something else")
	}
}

// covers: FetcherTest.DuplicateFileURI
func TestOneURIManyTimes(t *testing.T) {
	f := newFixture(t).cached(1 << 20)
	from := f.file("test", "data")
	var uris []*mesospb.CommandInfo_URI
	for _, name := range []string{"one", "two", "three"} {
		u := output(from, name)
		u.Cache = proto.Bool(true)
		uris = append(uris, u)
	}
	f.mustFetch(uris...)
	for _, name := range []string{"one", "two", "three"} {
		f.has(name, "data")
	}
	f.keeps(1, 4)
}

// covers: FetcherCacheTest.LocalCachedMissing
func TestAFileThatIsGoneFromTheCacheIsFetchedAgain(t *testing.T) {
	f := newFixture(t).cached(1 << 20)
	u := cache(f.file("test", "data"))
	f.mustFetch(u)
	spoil := []func(path string) error{os.Remove, func(path string) error { return os.WriteFile(path, []byte("damaged"), 0o600) }}
	for _, spoil := range spoil {
		files, err := filepath.Glob(filepath.Join(f.cacheDir, "c*-test"))
		if err != nil || len(files) != 1 {
			t.Fatal(files, err)
		}
		if err := spoil(files[0]); err != nil {
			t.Fatal(err)
		}
		f.newSandbox()
		f.mustFetch(u)
		f.has("test", "data")
		f.keeps(1, 4)
	}
}

// covers: FetcherCacheTest.CachedCustomFilename
// covers: FetcherCacheTest.CachedCustomOutputFileWithSubdirectory
func TestACachedFileGoesWhereItIsWanted(t *testing.T) {
	f := newFixture(t).cached(1 << 20)
	from := f.file("command.sh", "#!/bin/sh")
	for _, name := range []string{"custom.sh", "sub/dir/custom.sh"} {
		u := output(from, name)
		u.Cache, u.Executable = proto.Bool(true), proto.Bool(true)
		f.mustFetch(u)
		f.has(name, "#!/bin/sh")
		if f.mode(name).Perm() != 0o755 {
			t.Error("not executable")
		}
	}
	f.hasNot("command.sh")
	f.keeps(1, 9)
}

// covers: FetcherCacheTest.LocalCachedExtract
func TestOfACachedArchiveOnlyTheContentIsInTheSandbox(t *testing.T) {
	f := newFixture(t).cached(1 << 20)
	archive := tarArchive(t, reg("inner"))
	u := cache(f.file("archive.tar", archive))
	u.Extract = nil // which is true
	for range 2 {
		f.newSandbox()
		f.mustFetch(u)
		f.has("inner", "content of inner")
		f.hasNot("archive.tar")
		f.keeps(1, int64(len(archive)))
	}
	// What is no archive is copied.
	u = cache(f.file("plain", "data"))
	u.Extract = nil
	f.mustFetch(u)
	f.has("plain", "data")
}

// covers: FetcherCacheHttpTest.HttpCachedSerialized
func TestADownloadIsCachedOnce(t *testing.T) {
	url, requests := counted(t, map[string]string{"command": "content"})
	f := newFixture(t).cached(1 << 20)
	for range 3 {
		f.newSandbox()
		f.mustFetch(cache(url + "/command"))
		f.has("command", "content")
		f.keeps(1, 7)
	}
	if n := requests.Load(); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

// covers: FetcherCacheHttpTest.HttpCachedConcurrent
func TestFetchesAtOnceShareADownload(t *testing.T) {
	const containers = 10
	archive := tarArchive(t, reg("inner"))
	proceed := make(chan struct{})
	var requests atomic.Int64
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		<-proceed
		io.WriteString(w, archive)
	})
	f := newFixture(t).cached(1 << 20)
	sandboxes := make([]string, containers)
	var wait sync.WaitGroup
	for i := range sandboxes {
		sandboxes[i] = t.TempDir()
		wait.Go(func() {
			u := cache(url + "/archive.tar")
			u.Extract = proto.Bool(i%2 == 0)
			if err := f.f.Fetch(t.Context(), Request{URIs: []*mesospb.CommandInfo_URI{u}, Sandbox: sandboxes[i], Log: io.Discard}); err != nil {
				t.Error(err)
			}
		})
	}
	for waiting := 0; waiting < containers; {
		f.f.Cache.mu.Lock()
		for _, e := range f.f.Cache.entries {
			waiting = e.users
		}
		f.f.Cache.mu.Unlock()
	}
	close(proceed)
	wait.Wait()
	for i, dir := range sandboxes {
		f.sandbox = dir
		if i%2 == 0 {
			f.has("inner", "content of inner")
			f.hasNot("archive.tar")
		} else {
			f.has("archive.tar", archive)
			f.hasNot("inner")
		}
	}
	if n := requests.Load(); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
	f.keeps(1, int64(len(archive)))
}

// covers: FetcherCacheHttpTest.HttpMixed
func TestCachedAndNotAtOnce(t *testing.T) {
	archive := tarArchive(t, reg("inner"))
	url, requests := counted(t, map[string]string{"archive.tar": archive, "command": "content"})
	f := newFixture(t).cached(1 << 20)
	for _, test := range []struct{ cacheArchive, extract, cacheCommand, executable bool }{
		{true, true, false, true}, {false, false, true, true}, {true, false, true, false},
	} {
		f.newSandbox()
		a, c := uri(url+"/archive.tar"), uri(url+"/command")
		a.Cache, a.Extract = &test.cacheArchive, &test.extract
		c.Cache, c.Executable = &test.cacheCommand, &test.executable
		f.mustFetch(a, c)
		f.has("command", "content")
		if got := f.mode("command")&0o111 != 0; got != test.executable {
			t.Errorf("%+v: executable %v", test, got)
		}
		if test.extract {
			f.has("inner", "content of inner")
			f.hasNot("archive.tar")
		} else {
			f.has("archive.tar", archive)
			f.hasNot("inner")
		}
	}
	f.keeps(2, int64(len(archive))+7)
	if n := requests.Load(); n != 4 {
		t.Errorf("%d requests, want 4: each once for the cache and once past it", n)
	}
}

// covers: FetcherCacheHttpTest.DISABLED_HttpCachedRecovery
func TestTheNextAgentBeginsWithAnEmptyCache(t *testing.T) {
	url, requests := counted(t, map[string]string{"command": "content"})
	f := newFixture(t).cached(1 << 20)
	f.mustFetch(cache(url + "/command"))
	foreign := filepath.Join(f.cacheDir, "foreign")
	if err := os.WriteFile(foreign, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f.reopen(1 << 20)
	if err := os.Remove(foreign); err != nil {
		t.Errorf("a file that is not of a cache: %v", err)
	}
	f.keeps(0, 0)
	f.newSandbox()
	f.mustFetch(cache(url + "/command"))
	f.has("command", "content")
	f.keeps(1, 7)
	if n := requests.Load(); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

// covers: FetcherCacheTest.SimpleEviction
// covers: FetcherCacheTest.RemoveLRUCacheEntries
func TestWhatWasNotUsedForTheLongestTimeGoes(t *testing.T) {
	url, requests := counted(t, map[string]string{"a": "aaaa", "b": "bbbb", "c": "cccc", "d": "dddddddd"})
	f := newFixture(t).cached(8)
	fetch := func(name string, want int64) {
		t.Helper()
		f.newSandbox()
		requests.Store(0)
		f.mustFetch(cache(url + "/" + name))
		if n := requests.Load(); n != want {
			t.Errorf("%s: %d requests, want %d", name, n, want)
		}
	}
	fetch("a", 1)
	fetch("b", 1)
	f.keeps(2, 8)
	fetch("a", 0)
	fetch("c", 1) // in the place of b
	f.keeps(2, 8)
	fetch("a", 0)
	fetch("b", 1) // in the place of c
	fetch("d", 1) // in the place of both
	f.keeps(1, 8)
	fetch("d", 0)
}

// covers: FetcherCacheTest.FallbackFromEviction
// covers: FetcherCacheTest.CachedFallback
func TestWhatDoesNotFitGoesPastTheCache(t *testing.T) {
	url, _ := counted(t, map[string]string{"small": "1234", "large": "123456789"})
	f := newFixture(t).cached(8)
	f.mustFetch(cache(url+"/small"), cache(url+"/large"))
	f.has("small", "1234")
	f.has("large", "123456789")
	f.keeps(1, 4) // nothing went for what would not have fit
	if log := f.log.String(); !strings.Contains(log, "past the cache (9B do not fit") {
		t.Errorf("log = %q", log)
	}
	// Nor does what its server says nothing about, once there is too much of it.
	chunked := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for range 4 {
			io.WriteString(w, "1234")
			w.(http.Flusher).Flush()
		}
	})
	f.mustFetch(cache(chunked + "/unknown"))
	f.has("unknown", "1234123412341234")
	if _, used := f.f.Cache.Size(); used > 4 {
		t.Errorf("%d bytes are used", used)
	}
}

func TestADownloadOfUnknownSizeIsCached(t *testing.T) {
	content := strings.Repeat("0123456789abcdef", 1<<16)
	chunked := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		io.WriteString(w, content)
	})
	f := newFixture(t).cached(3 << 20)
	f.mustFetch(cache(chunked + "/unknown"))
	f.has("unknown", content)
	f.keeps(1, int64(len(content)))
}

func TestAFailedDownloadIsNotKept(t *testing.T) {
	files := map[string]string{}
	url, requests := counted(t, files)
	f := newFixture(t).cached(1 << 20)
	f.refused("404", cache(url+"/late"))
	f.keeps(0, 0)
	files["late"] = "data"
	f.mustFetch(cache(url + "/late"))
	f.keeps(1, 4)
	if n := requests.Load(); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

func TestWhoWaitsGoesOnWhenTheFirstGivesUp(t *testing.T) {
	begun, proceed := make(chan struct{}, 2), make(chan struct{})
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		select {
		case <-proceed:
			io.WriteString(w, "data")
		case <-r.Context().Done():
		}
	})
	f := newFixture(t).cached(1 << 20)
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	request := Request{URIs: []*mesospb.CommandInfo_URI{cache(url + "/test")}, Sandbox: t.TempDir(), Log: io.Discard}
	go func() { first <- f.f.Fetch(ctx, request) }()
	<-begun
	second := make(chan error)
	go func() { second <- f.fetch(cache(url + "/test")) }()
	cancel()
	if err := <-first; err == nil {
		t.Error("it was given up and yet succeeded")
	}
	<-begun
	close(proceed)
	if err := <-second; err != nil {
		t.Error(err)
	}
	f.has("test", "data")
	f.keeps(1, 4)
}

// Users don't share: what one may read another may not.
func TestUsersHaveEntriesOfTheirOwn(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("switching users takes root")
	}
	f := newFixture(t).cached(1 << 20)
	for _, dir := range []string{f.from, filepath.Dir(f.from)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	secret := f.file("secret", "data")
	if err := os.Chmod(secret, 0o600); err != nil {
		t.Fatal(err)
	}
	f.mustFetch(cache(secret))
	f.keeps(1, 4)
	other := t.TempDir()
	for dir := other; dir != filepath.Dir(os.TempDir()) && dir != os.TempDir(); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(other, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	as := func(user *supervise.User, value string) error {
		return f.f.Fetch(t.Context(), Request{URIs: []*mesospb.CommandInfo_URI{cache(value)}, Sandbox: other, User: user, Log: io.Discard})
	}
	if err := as(nobody, secret); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("what root fetched, for nobody: %v", err)
	}
	public := f.file("public", "data")
	if err := as(nobody, public); err != nil {
		t.Fatal(err)
	}
	f.keeps(2, 8)
	if info, err := os.Stat(filepath.Join(other, "public")); err != nil || ownerOf(info) != 65534 {
		t.Errorf("the file is not nobody's: %v", err)
	}
}

func TestACacheThatCannotBeWrittenIsGonePast(t *testing.T) {
	f := newFixture(t).cached(1 << 20)
	if err := os.RemoveAll(f.cacheDir); err != nil {
		t.Fatal(err)
	}
	f.mustFetch(cache(f.file("test", "data")))
	f.has("test", "data")
	if log := f.log.String(); !strings.Contains(log, "past the cache") {
		t.Errorf("log = %q", log)
	}
	if _, err := OpenCache("/dev/null/x", 1); err == nil {
		t.Error("a cache where none can be")
	}
}

func TestCachedNamesAreShort(t *testing.T) {
	for name, want := range map[string]string{"a.tar.gz": "a.tar.gz", strings.Repeat("x", 300) + ".tar.gz": "xxxxxxxxxx_xxx.tar.gz"} {
		if got := abbreviate(name); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	f := newFixture(t).cached(1 << 20)
	u := cache(f.file("a_very_long_name_of_an_archive.tar", tarArchive(t, &tar.Header{Name: "inner", Typeflag: tar.TypeReg})))
	u.Extract = nil
	f.mustFetch(u)
	f.has("inner", "content of inner")
}
