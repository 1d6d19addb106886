package fetch

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// halfway answers in pieces: the connection breaks after each, and the next request
// gets what it asks for.
type halfway struct {
	content  string
	piece    int
	etag     string
	ignores  bool // requests for ranges
	requests []string
}

func (h *halfway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	from := 0
	h.requests = append(h.requests, r.Header.Get("Range"))
	if text, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok && !h.ignores && r.Header.Get("If-Range") == h.etag {
		from, _ = strconv.Atoi(strings.TrimSuffix(text, "-"))
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(h.content)-1, len(h.content)))
	}
	if h.etag != "" {
		w.Header().Set("Etag", h.etag)
	}
	sum := sha256.Sum256([]byte(h.content))
	w.Header().Set("Repr-Digest", "unixsum=:YQ==:, sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":")
	w.Header().Set("Content-Length", strconv.Itoa(len(h.content)-from))
	if from > 0 {
		w.WriteHeader(http.StatusPartialContent)
	}
	io.WriteString(w, h.content[from:min(from+h.piece, len(h.content))])
}

func (h *halfway) serve(t *testing.T) string {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func TestADownloadGoesOnWhereItBroke(t *testing.T) {
	h := &halfway{content: "0123456789", piece: 4, etag: `"tag"`}
	f := newFixture(t)
	f.mustFetch(uri(h.serve(t) + "/test"))
	f.has("test", "0123456789")
	if got := strings.Join(h.requests, " "); got != " bytes=4- bytes=8-" {
		t.Errorf("ranges asked for: %q", got)
	}
}

func TestADownloadBeginsAnewIfTheServerWillNotGoOn(t *testing.T) {
	for name, h := range map[string]*halfway{
		"no validator": {content: "0123456789", piece: 4}, "weak": {content: "0123456789", piece: 4, etag: `W/"x"`},
		"ignores ranges": {content: "0123456789", piece: 4, etag: `"tag"`, ignores: true},
	} {
		f := newFixture(t)
		url := h.serve(t)
		f.refused("tried 3 times", uri(url+"/test"))
		f.refused("too early", uri(url+"/test"))
		h.piece = 10
		f.mustFetch(uri(url + "/test"))
		f.has("test", "0123456789")
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// What changed meanwhile is not put together with what came before.
func TestADownloadThatChangesBeginsAnew(t *testing.T) {
	h := &halfway{content: "0123456789", piece: 4, etag: `"one"`}
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if len(h.requests) == 1 {
			h.content, h.etag, h.piece = "abcdefgh", `"two"`, 8
		}
		h.ServeHTTP(w, r)
	})
	f := newFixture(t)
	f.mustFetch(uri(url + "/test"))
	f.has("test", "abcdefgh")
}

func TestADownloadIsTriedAgainIfThatMayHelp(t *testing.T) {
	for status, tries := range map[int]int64{503: 3, 500: 3, 429: 3, 408: 3, 404: 1, 403: 1, 416: 3} {
		var requests atomic.Int64
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if requests.Add(1) == tries && tries > 1 {
				io.WriteString(w, "data")
				return
			}
			http.Error(w, "no", status)
		})
		f := newFixture(t)
		if err := f.fetch(uri(url + "/test")); (err == nil) != (tries > 1) {
			t.Errorf("%d: %v", status, err)
		}
		if n := requests.Load(); n != tries {
			t.Errorf("%d: %d requests, want %d", status, n, tries)
		}
	}
}

// covers: ShasumTest.SHA512SimpleFile
func TestADamagedDownloadIsRefused(t *testing.T) {
	sum, long := sha256.Sum256([]byte("data")), sha512.Sum512([]byte("data"))
	in64 := base64.StdEncoding.EncodeToString
	for name, value := range map[string]string{
		"Repr-Digest":           "sha-512=:" + in64(long[:]) + ":",
		"Digest":                "SHA-256=" + in64(sum[:]) + ",MD5=abc",
		"X-Checksum-Sha256":     hex.EncodeToString(sum[:]),
		"X-Checksum-Sha512":     hex.EncodeToString(long[:]),
		"X-Amz-Checksum-Sha256": in64(sum[:]),
	} {
		content := "data"
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(name, value)
			io.WriteString(w, content)
		})
		f := newFixture(t).cached(1 << 20)
		f.mustFetch(uri(url + "/test"))
		content = "dada"
		f.refused("checksum", uri(url+"/test"))
		f.refused("checksum", cache(url+"/test"))
		f.keeps(0, 0)
		if t.Failed() {
			t.Fatal(name)
		}
	}
	// What is no checksum, or one of a function that is not known, says nothing.
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Digest", "MD5=abc, sha-256=tooshort, sha-256")
		w.Header().Set("X-Amz-Checksum-Sha256", "abc-3")
		io.WriteString(w, "data")
	})
	newFixture(t).mustFetch(uri(url + "/test"))
}

// A download is whole bytes, whatever compression the server likes.
func TestNothingIsDecompressedOnTheWay(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "" {
			w.Header().Set("Content-Encoding", "gzip")
		}
		io.WriteString(w, gzipped("data"))
	})
	f := newFixture(t)
	u := uri(url + "/test.gz")
	u.Extract = new(bool)
	f.mustFetch(u)
	f.has("test.gz", gzipped("data"))
}

func TestAStalledDownloadIsNotTriedAgain(t *testing.T) {
	var requests atomic.Int64
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		<-r.Context().Done()
	})
	f := newFixture(t)
	f.f.StallTimeout = 20 * time.Millisecond
	f.refused(url+"/test: no progress", uri(url+"/test"))
	if n := requests.Load(); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}
