package httpapi

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/authn"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Daemon is what every daemon tells about itself.
type Daemon struct {
	// Version is the build.
	Version *mesospb.VersionInfo
	// Flags are the effective flags, as /flags shows them.
	Flags map[string]string
	// Metrics collects the metrics, in any order; nil means that there are none.
	Metrics func(ctx context.Context) []Metric
	// MetricGroups collects further metrics, in order of the groups' prefixes. The
	// list is not changed any more. Nil means that there are none.
	MetricGroups func(ctx context.Context) []*MetricGroup
	// Started is when the daemon began to serve.
	Started time.Time
	// Files are the sandboxes and logs that may be read.
	Files *Files
	// Realms ask who sends a request.
	Realms authn.Realms
	// ACLs say who may do and see what; nil allows everything.
	ACLs *acl.ACLs

	// Log is how much is logged; nil: that can't be changed.
	Log Verbosity

	readonly, readwrite string // the daemon's realms
}

// routes adds the endpoints of every daemon.
func (d *Daemon) routes(m *mux) {
	m.handle("/health", http.HandlerFunc(health))
	m.handle("/version", http.HandlerFunc(d.version))
	m.handle("/flags", d.in(d.readonly, http.HandlerFunc(d.flags)))
	m.handle("/metrics/snapshot", d.in(d.readonly, d.authorized("/metrics/snapshot", http.HandlerFunc(d.metrics))))
	m.handle("/metrics/prometheus", d.in(d.readonly, d.authorized("/metrics/snapshot", http.HandlerFunc(d.prometheus))))
	m.handle("/logging/toggle", d.in(d.readwrite, d.authorized("/logging/toggle", http.HandlerFunc(d.toggle))))
	d.debugRoutes(m)
	if d.Files != nil {
		d.fileRoutes(m)
	}
}

// health answers 200 while the process serves.
func health(w http.ResponseWriter, r *http.Request) {
	if allow(w, r, http.MethodGet, http.MethodHead) {
		w.WriteHeader(http.StatusOK)
	}
}

func (d *Daemon) version(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, r, func(emit func([]byte)) { emit(appendBare(nil, d.Version)) })
}

func (d *Daemon) flags(w http.ResponseWriter, r *http.Request) {
	if err := d.mayViewFlags(r.Context()); err != nil {
		refuse(w, err)
		return
	}
	writeJSON(w, r, func(emit func([]byte)) { emit(append(d.appendFlags([]byte("{")), '}')) })
}

// appendFlags appends the flags as a field, sorted by name.
func (d *Daemon) appendFlags(dst []byte) []byte {
	dst = append(appendKey(dst, "flags"), '{')
	for _, name := range slices.Sorted(maps.Keys(d.Flags)) {
		dst = appendString(dst, name, d.Flags[name])
	}
	return append(dst, '}')
}

// appendSetFlags appends those of some flags that are set, as fields of their own.
func (d *Daemon) appendSetFlags(dst []byte, names ...string) []byte {
	for _, name := range names {
		if value, ok := d.Flags[name]; ok && value != "" {
			dst = appendString(dst, name, value)
		}
	}
	return dst
}

// appendBuild appends the fields of /state that tell of the build and the start.
func (d *Daemon) appendBuild(dst []byte) []byte {
	v := d.Version
	dst = appendString(dst, "version", v.GetVersion())
	for _, field := range []struct {
		key   string
		value *string
	}{{"git_sha", v.GitSha}, {"git_branch", v.GitBranch}, {"git_tag", v.GitTag}} {
		if field.value != nil {
			dst = appendString(dst, field.key, *field.value)
		}
	}
	dst = appendString(dst, "build_date", v.GetBuildDate())
	dst = appendDouble(dst, "build_time", v.GetBuildTime())
	dst = appendString(dst, "build_user", v.GetBuildUser())
	return appendDouble(dst, "start_time", seconds(d.Started))
}

// seconds is a time as Mesos writes it: seconds since 1970, 0 for none.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixNano()) / 1e9
}

// mux routes by exact path; every path of a daemon is also served below the
// daemon's name in Mesos ("/master", "/slave(1)").
type mux struct {
	name  string
	paths map[string]http.Handler
	below map[string]http.Handler // by prefix, with a slash at its end
}

func newMux(name string) *mux {
	return &mux{name: name, paths: make(map[string]http.Handler), below: make(map[string]http.Handler)}
}

// handleBelow serves all paths that begin with a prefix.
func (m *mux) handleBelow(prefix string, h http.Handler) {
	m.below[prefix] = h
	m.below[m.name+prefix] = h
}

// handle serves a path, and the same below the daemon's name.
func (m *mux) handle(path string, h http.Handler) {
	m.paths[path] = h
	m.paths[m.name+path] = h
}

func (m *mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	if h, ok := m.paths[path]; ok {
		h.ServeHTTP(w, r)
		return
	}
	for prefix, h := range m.below { // none is the beginning of another
		if strings.HasPrefix(path, prefix) {
			h.ServeHTTP(w, r)
			return
		}
	}
	answer(w, http.StatusNotFound, "there is no %s here", r.URL.Path)
}

// reply sends the answer to an operator's call.
func reply(w http.ResponseWriter, media wire.MediaType, m wire.Message) {
	body, err := media.Append(nil, m)
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", media.String())
	w.Write(body) //nolint:errcheck // the client is gone
}
