package httpapi

import (
	"io"
	"net/http"
	"runtime"
	"runtime/pprof"
)

// debugPath is what an ACL of get_endpoints calls the endpoints of debugRoutes.
const debugPath = "/mesosctl/debug"

// manyGoroutines is up to how many goroutines are told one by one: that stops the
// daemon for as long as it takes.
const manyGoroutines = 2000

// debugRoutes adds endpoints of this project's own, for reports of bugs: what the
// goroutines of a daemon are doing (GET /mesosctl/debug/stacks, text), and what its
// memory was allocated for (GET /mesosctl/debug/heap, for `go tool pprof`). Neither
// has anything of what the daemon keeps, only where in the program that is done.
func (d *Daemon) debugRoutes(m *mux) {
	for name, told := range map[string]func(io.Writer) error{"/stacks": stacks, "/heap": heap} {
		m.handle(debugPath+name, d.in(d.readwrite, d.authorized(debugPath, http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) {
				if !allow(w, r, http.MethodGet, http.MethodHead) {
					return
				}
				w.Header().Set("Content-Type", "application/octet-stream")
				if name == "/stacks" {
					w.Header().Set("Content-Type", "text/plain; charset=utf-8")
				}
				_ = told(w) // who asked may be gone
			}))))
	}
}

// stacks writes the stack of every goroutine; of very many, those that do the same
// once, with their number.
func stacks(w io.Writer) error {
	const together, oneByOne = 1, 2
	if runtime.NumGoroutine() > manyGoroutines {
		return pprof.Lookup("goroutine").WriteTo(w, together)
	}
	return pprof.Lookup("goroutine").WriteTo(w, oneByOne)
}

// heap writes what was allocated, and is in use, up to the last garbage collection.
func heap(w io.Writer) error { return pprof.Lookup("heap").WriteTo(w, 0) }
