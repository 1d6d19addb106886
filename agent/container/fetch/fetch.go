// Package fetch brings the files that a command needs into its sandbox.
// See https://mesos.apache.org/documentation/latest/fetcher/.
package fetch

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"time"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// DefaultStallTimeout is --fetcher_stall_timeout's default.
const DefaultStallTimeout = time.Minute

// Fetcher fetches. The zero value is ready.
type Fetcher struct {
	// FrameworksHome is what relative paths are relative to; empty: there are none.
	FrameworksHome string
	// StallTimeout is how long a download may make no progress; 0 is the default.
	StallTimeout time.Duration
	// Client downloads; nil is a client that keeps no connections.
	Client *http.Client
}

// Request is what to fetch for one container.
type Request struct {
	URIs    []*mesospb.CommandInfo_URI
	Sandbox string
	// User is whom files are read, written and owned as; nil is the agent's own.
	User *supervise.User
	// Log is told what was fetched, a line each.
	Log io.Writer
}

// Fetch brings every URI of a request into its sandbox, or fails at the first
// that it can't. All of them are checked before the first is fetched. The cache
// field of a URI is a permission to share a download; each is made anew here.
func (f *Fetcher) Fetch(ctx context.Context, req Request) error {
	if len(req.URIs) == 0 {
		return nil
	}
	items := make([]item, len(req.URIs))
	for i, uri := range req.URIs {
		var err error
		if items[i], err = f.parse(uri); err != nil {
			return fmt.Errorf("fetch: %s: %w", display(uri.GetValue()), err)
		}
	}
	return asUser(req.User, func() error {
		sandbox, err := os.OpenRoot(req.Sandbox)
		if err != nil {
			return fmt.Errorf("fetch: sandbox: %w", err)
		}
		defer func() { _ = sandbox.Close() }()
		for _, item := range items {
			name := display(item.uri.GetValue())
			if err := f.fetch(ctx, item, sandbox); err != nil {
				return fmt.Errorf("fetch: %s: %w", name, err)
			}
			fmt.Fprintf(req.Log, "fetched %s to %s\n", name, path.Join(req.Sandbox, item.output))
		}
		return nil
	})
}

// item is one URI, understood.
type item struct {
	uri    *mesospb.CommandInfo_URI
	source source
	output string // where to, relative to the sandbox
}

// fetch brings one item into the sandbox.
func (f *Fetcher) fetch(ctx context.Context, item item, sandbox *os.Root) error {
	if dir := path.Dir(item.output); dir != "." {
		if err := sandbox.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := f.download(ctx, item, sandbox); err != nil {
		return err
	}
	switch {
	case item.uri.GetExecutable():
		return sandbox.Chmod(item.output, 0o755)
	case !item.uri.GetExtract():
		return nil
	}
	extracted, err := extract(ctx, sandbox, item.output)
	if err != nil {
		return fmt.Errorf("extract: %w", err)
	}
	if extracted && item.uri.GetCache() {
		// What is cached is the archive; only its content goes to the sandbox.
		return sandbox.Remove(item.output)
	}
	return nil
}

func (f *Fetcher) download(ctx context.Context, item item, sandbox *os.Root) error {
	from, err := f.open(ctx, item.source)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := sandbox.OpenFile(item.output, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, stoppable{ctx, from}); err != nil {
		to.Close()
		return err
	}
	return to.Close()
}

// open opens a source to read from.
func (f *Fetcher) open(ctx context.Context, source source) (io.ReadCloser, error) {
	if source.url != "" {
		return f.openHTTP(ctx, source.url)
	}
	file, err := os.Open(source.path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = mesos.Errorf(mesos.Invalid, "%s: not a file", source.path)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
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
