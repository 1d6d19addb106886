package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

// chunkBytes is how much one read asks for. Apache Mesos sends at most 16 pages.
const chunkBytes = 256 << 10

// Pauses of Follow between reads that find nothing new: short while output is
// fresh, longer as it stays away.
const (
	followPauseMin = 10 * time.Millisecond
	followPauseMax = 200 * time.Millisecond
)

// followReadTimeout bounds one read of Follow: its agent's host may be gone.
const followReadTimeout = 20 * time.Second

// Files reads what a master or an agent serves under /files: logs and sandboxes,
// by their virtual paths.
// See https://mesos.apache.org/documentation/latest/sandbox/.
type Files struct {
	send func(context.Context, request) (*http.Response, error)
}

// Files reads the agent's files.
func (a *Agent) Files() Files { return Files{send: a.send} }

// Files reads the leading master's files.
func (c *Client) Files() Files { return Files{send: c.send} }

// FileInfo is one entry of a directory.
type FileInfo struct {
	Path  string  `json:"path"`
	Size  int64   `json:"size"`
	Mode  string  `json:"mode"` // as "ls -l" shows it
	UID   string  `json:"uid"`  // names, where the host knows them
	GID   string  `json:"gid"`
	Nlink int     `json:"nlink"`
	Mtime float64 `json:"mtime"` // seconds since the epoch
}

// Read returns what a file has from offset (in bytes) on, up to a limit that the
// server chooses; at the end of the file it returns nothing.
func (f Files) Read(ctx context.Context, path string, offset int64) ([]byte, error) {
	data, _, err := f.read(ctx, url.Values{
		"path": {path}, "offset": {strconv.FormatInt(offset, 10)}, "length": {strconv.Itoa(chunkBytes)},
	})
	return data, err
}

// Size returns a file's size in bytes.
func (f Files) Size(ctx context.Context, path string) (int64, error) {
	_, size, err := f.read(ctx, url.Values{"path": {path}, "offset": {"-1"}})
	return size, err
}

func (f Files) read(ctx context.Context, query url.Values) ([]byte, int64, error) {
	response, err := f.get(ctx, "/files/read", query)
	if err != nil {
		return nil, 0, err
	}
	defer response.Body.Close()
	body, err := readAll(response)
	if err != nil {
		return nil, 0, err
	}
	data, offset, err := parseChunk(body)
	if err != nil {
		return nil, 0, mesos.Errorf(mesos.Internal, "%s: decode answer: %w", where(response), err)
	}
	return data, offset, nil
}

// Browse lists a directory.
func (f Files) Browse(ctx context.Context, path string) ([]FileInfo, error) {
	response, err := f.get(ctx, "/files/browse", url.Values{"path": {path}})
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := readAll(response)
	if err != nil {
		return nil, err
	}
	var entries []FileInfo
	if err := json.Unmarshal(body, &entries); err != nil {
		return nil, mesos.Errorf(mesos.Internal, "%s: decode answer: %w", where(response), err)
	}
	return entries, nil
}

// Download opens a whole file, which the caller closes.
func (f Files) Download(ctx context.Context, path string) (io.ReadCloser, error) {
	response, err := f.get(ctx, "/files/download", url.Values{"path": {path}})
	if err != nil {
		return nil, err
	}
	return response.Body, nil
}

func (f Files) get(ctx context.Context, path string, query url.Values) (*http.Response, error) {
	return f.send(ctx, request{method: http.MethodGet, path: path + "?" + query.Encode(), header: http.Header{}})
}

// Follow copies a growing file to w from its beginning until ended is closed and
// its end is reached. A file that doesn't exist yet, or whose agent can't be
// reached for a while, is waited for until then.
func (f Files) Follow(ctx context.Context, path string, w io.Writer, ended <-chan struct{}) error {
	var offset int64
	pause := followPauseMin
	for {
		// Looked at before the read: what was written before the end is then read.
		last := isClosed(ended)
		data, err := f.readInTime(ctx, path, offset)
		if err != nil && (last || ctx.Err() != nil || !passing(err)) {
			return err
		}
		if len(data) > 0 {
			if _, err := w.Write(data); err != nil {
				return mesos.Errorf(mesos.Internal, "copy %s: %w", path, err)
			}
			offset += int64(len(data))
			pause = followPauseMin
			continue
		}
		if last {
			return nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ended:
		case <-ctx.Done():
			timer.Stop()
			return contextError(path, "follow", ctx.Err())
		}
		timer.Stop()
		pause = min(pause*3/2, followPauseMax)
	}
}

// passing reports whether an error may go away by itself: the file does not exist
// yet, or its agent is being restarted.
func passing(err error) bool {
	switch mesos.KindOf(err) {
	case mesos.NotFound, mesos.Unavailable, mesos.TimedOut:
		return true
	}
	return false
}

func (f Files) readInTime(ctx context.Context, path string, offset int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, followReadTimeout)
	defer cancel()
	return f.Read(ctx, path, offset)
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
