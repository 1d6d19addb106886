// Package fetch brings the files that a command needs into its sandbox.
// See https://mesos.apache.org/documentation/latest/fetcher/.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// DefaultStallTimeout is --fetcher_stall_timeout's default.
const DefaultStallTimeout = time.Minute

// Fetcher fetches. The zero value is ready, and has no cache.
type Fetcher struct {
	// FrameworksHome is what relative paths are relative to; empty: there are none.
	FrameworksHome string
	// HadoopHome is the directory of the Hadoop client, which fetches what no other
	// way leads to; empty: there is none.
	HadoopHome string
	// StallTimeout is how long a download may make no progress; 0 is the default.
	StallTimeout time.Duration
	// Cache keeps what is fetched from URIs that ask for it; nil: nothing is kept.
	Cache *Cache
	// Client downloads; nil is a client that keeps no connections.
	Client *http.Client
	// Backoff is how long to wait before a download that broke is tried again, the
	// first time; 0 is half a second.
	Backoff time.Duration
}

// Request is what to fetch for one container.
type Request struct {
	URIs    []*mesospb.CommandInfo_URI
	Sandbox string
	// Volumes are what the container will find in its sandbox, and is not there yet.
	Volumes []Volume
	// User is whom files are read, written and owned as; nil is the agent's own.
	User *supervise.User
	// Log is told what was fetched, a line each.
	Log io.Writer
}

// Volume is a directory that shows up in a sandbox under a name.
type Volume struct {
	Name     string
	Source   string // where it is meanwhile
	ReadOnly bool
}

// place is where an item goes, and as what: into a volume, if it is to be below one.
func (req *Request) place(i *item) error {
	name, below, _ := strings.Cut(path.Clean(i.output), "/")
	for _, v := range req.Volumes {
		switch {
		case v.Name != name || below == "":
		case v.ReadOnly:
			return mesos.Errorf(mesos.Invalid, "output_file: the volume %s is read-only", name)
		default:
			req.Sandbox, i.output = v.Source, below
		}
	}
	return nil
}

// Fetch brings every URI of a request into its sandbox, or fails at the first
// that it can't. All of them are checked before the first is fetched.
func (f *Fetcher) Fetch(ctx context.Context, req Request) error {
	items := make([]item, len(req.URIs))
	for i, uri := range req.URIs {
		var err error
		if items[i], err = f.parse(uri); err != nil {
			return fmt.Errorf("fetch: %s: %w", display(uri.GetValue()), err)
		}
	}
	for _, item := range items {
		to := req
		err := to.place(&item)
		if err == nil {
			err = f.fetch(ctx, item, to)
		}
		if err != nil {
			return fmt.Errorf("fetch: %s: %w", item, err)
		}
	}
	return nil
}

// item is one URI, understood.
type item struct {
	uri    *mesospb.CommandInfo_URI
	source source
	name   string // what the URI calls it
	output string // where to, relative to the sandbox
}

func (i item) String() string { return display(i.uri.GetValue()) }

// fetch brings one item into the sandbox, by way of the cache if it may and can.
func (f *Fetcher) fetch(ctx context.Context, item item, req Request) error {
	how := "fetched"
	if item.uri.GetCache() && f.Cache != nil {
		cached, err := f.Cache.get(ctx, keyOf(item, req.User), item.name, func(to *target) error {
			return f.download(ctx, item.source, req.User, to)
		})
		if err == nil {
			defer cached.close()
			fmt.Fprintf(req.Log, "fetched %s to %s by way of the cache\n", item, path.Join(req.Sandbox, item.output))
			return inSandbox(req, func(sandbox *os.Root) error { return item.deliver(ctx, cached.file, sandbox) })
		}
		if past := (*bypass)(nil); !errors.As(err, &past) {
			return err
		}
		how = fmt.Sprintf("past the cache (%v) fetched", err)
	}
	err := inSandbox(req, func(sandbox *os.Root) error { return f.direct(ctx, item, sandbox, req.User) })
	if err == nil {
		fmt.Fprintf(req.Log, "%s %s to %s\n", how, item, path.Join(req.Sandbox, item.output))
	}
	return err
}

// inSandbox does something to the sandbox with its user's rights.
func inSandbox(req Request, do func(*os.Root) error) error {
	return asUser(req.User, func() error {
		sandbox, err := os.OpenRoot(req.Sandbox)
		if err != nil {
			return fmt.Errorf("sandbox: %w", err)
		}
		defer func() { _ = sandbox.Close() }()
		return do(sandbox)
	})
}

// direct downloads an item to where it is wanted.
func (f *Fetcher) direct(ctx context.Context, item item, sandbox *os.Root, user *supervise.User) error {
	to := &target{create: func() (*os.File, error) { return item.create(sandbox) }}
	if err := to.end(f.download(ctx, item.source, user, to)); err != nil {
		return err
	}
	switch {
	case item.uri.GetExecutable():
		return sandbox.Chmod(item.output, 0o755)
	case !item.uri.GetExtract():
		return nil
	}
	file, err := sandbox.Open(item.output)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if _, err = extract(ctx, sandbox, file, item.output); err == nil && item.uri.GetCache() && formatOf(item.output) != nil {
		// It was to be cached: only the archive's content goes to the sandbox.
		return sandbox.Remove(item.output)
	}
	return err
}

// deliver copies an item from the cache to where it is wanted. Of an archive that
// is to be extracted only the content goes to the sandbox.
func (i item) deliver(ctx context.Context, from *os.File, sandbox *os.Root) error {
	if i.uri.GetExtract() && !i.uri.GetExecutable() {
		if extracted, err := extract(ctx, sandbox, from, i.name); extracted || err != nil {
			return err
		}
	}
	to, err := i.create(sandbox)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, stoppable{ctx, from})
	if closed := to.Close(); err == nil {
		err = closed
	}
	if err == nil && i.uri.GetExecutable() {
		err = sandbox.Chmod(i.output, 0o755)
	}
	return err
}

// create makes the file of the sandbox that an item goes to.
func (i item) create(sandbox *os.Root) (*os.File, error) {
	if dir := path.Dir(i.output); dir != "." {
		if err := sandbox.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	return sandbox.OpenFile(i.output, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
}

// stoppable is a reader that ends with its context.
type stoppable struct {
	ctx context.Context
	r   io.Reader
}

func (s stoppable) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}
