package httpapi

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestGzipIsForThoseWhoWantIt(t *testing.T) {
	for accept, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "x-gzip": true, "deflate, gzip;q=1.0, *;q=0.5": true, "br": false,
		"*": true, "*;q=0": false, "gzip;q=0": false, "gzip; q=0.0": false, "*, gzip;q=0": false, "gzip;q=0.001": true,
		"identity": false, "identity, gzip": true, "identity;q=1, gzip;q=0.5": false, "identity;q=0.5, gzip": true, "identity;q=0": false,
		"gzip;q=2": false, "gzip;q=much": false, "gzip;q=NaN": false, "gzip;q=-1": false, ";;,;q=,=": false, "gzip;level=9": true,
	} {
		if got := acceptsGzip(accept); got != want {
			t.Errorf("%q: %v", accept, got)
		}
	}
}

// packed asks a handler as a client that accepts gzip.
func packed(h http.Handler, method, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func unpacked(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	if w.Header().Get("Content-Encoding") != "gzip" {
		t.Fatalf("it is not compressed: %v", w.Header())
	}
	r, err := gzip.NewReader(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestAnswersAreCompressed(t *testing.T) {
	config, _ := leader()
	largeCluster(config.View, 100, 3, 2)
	h := NewMaster(config)
	for _, path := range []string{"/state", "/tasks", "/state?jsonp=f", "/metrics/snapshot?timeout=nonsense&" + strings.Repeat("x", 2000)} {
		plain, small := ask(h, http.MethodGet, path), packed(h, http.MethodGet, path)
		if plain.Header().Get("Content-Encoding") != "" || plain.Header().Get("Vary") != "Accept-Encoding" || small.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: %v, compressed %v", path, plain.Header(), small.Header())
		}
		if plain.Body.Len() < minCompressed {
			if small.Header().Get("Content-Encoding") != "" || small.Body.String() != plain.Body.String() || small.Code != plain.Code {
				t.Errorf("a short answer to %s: %d, %v", path, small.Code, small.Header())
			}
			continue
		}
		if unpacked(t, small) != plain.Body.String() || small.Body.Len() > plain.Body.Len()/4 ||
			small.Header().Get("Content-Type") != plain.Header().Get("Content-Type") {
			t.Errorf("%s: %d bytes as %d, %v", path, plain.Body.Len(), small.Body.Len(), small.Header())
		}
	}
	if head := packed(h, http.MethodHead, "/state"); head.Header().Get("Content-Encoding") != "" {
		t.Errorf("HEAD: %v", head.Header())
	}
	// An agent's, too.
	a, view := anAgent()
	for _, id := range []string{"x1", "x2", "x3", "x4"} {
		view.PutFramework(frameworkRecordOf(id, true, "*").FrameworkInfo, false)
	}
	if state := unpacked(t, packed(NewAgent(a), http.MethodGet, "/slave(1)/state")); !strings.Contains(state, `"id":"x4"`) {
		t.Errorf("an agent's state: %s", state)
	}
}

func TestStreamsAndFilesAreNotCompressed(t *testing.T) {
	long := strings.Repeat("x", 10*minCompressed)
	for name, handler := range map[string]http.HandlerFunc{
		"flushed at first": func(w http.ResponseWriter, _ *http.Request) {
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			io.WriteString(w, long)
		},
		"flushed after a record": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "x")
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			io.WriteString(w, long[1:])
		},
		"a file": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/octet-stream")
			io.WriteString(w, long)
		},
		"a part of something": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes 0-10239/20000")
			w.WriteHeader(http.StatusPartialContent)
			io.WriteString(w, long)
		},
	} {
		if answer := packed(compressed(handler), http.MethodGet, "/"); answer.Header().Get("Content-Encoding") != "" || answer.Body.String() != long {
			t.Errorf("%s: %v, %d bytes", name, answer.Header(), answer.Body.Len())
		}
	}
}

func TestACompressedAnswerKeepsItsStatus(t *testing.T) {
	long := strings.Repeat("x", 10*minCompressed)
	h := compressed(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10240") // of what is not compressed
		w.WriteHeader(http.StatusConflict)
		io.WriteString(w, long)
	}))
	answer := packed(h, http.MethodGet, "/")
	if answer.Code != http.StatusConflict || answer.Header().Get("Content-Length") != "" || unpacked(t, answer) != long {
		t.Errorf("%d, %v", answer.Code, answer.Header())
	}
	empty := packed(compressed(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })), http.MethodPost, "/")
	if empty.Code != http.StatusAccepted || empty.Body.Len() != 0 || empty.Header().Get("Content-Encoding") != "" {
		t.Errorf("without a body: %d, %v", empty.Code, empty.Header())
	}
}

func TestFewLargeAnswersAreCompressedAtATime(t *testing.T) {
	piece := bytes.Repeat([]byte("x"), pieceBytes)
	var answers []*httptest.ResponseRecorder // the innermost first
	var nested func(depth int) http.Handler
	nested = func(depth int) http.Handler {
		return compressed(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Write(piece)
			if depth > 0 {
				answers = append(answers, packed(nested(depth-1), http.MethodGet, "/"))
			}
		}))
	}
	answers = append(answers, packed(nested(cap(largeAnswers)), http.MethodGet, "/")) // one more than there is room for
	for i, answer := range answers {
		if got := answer.Header().Get("Content-Encoding") == "gzip"; got != (i > 0) {
			t.Errorf("answer %d of %d is compressed: %v", i, len(answers), got)
		}
	}
	if len(largeAnswers) != 0 {
		t.Errorf("%d places are lost", len(largeAnswers))
	}
}
