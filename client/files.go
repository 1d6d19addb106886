package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
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

// Files reads what a master or an agent serves as files: logs and sandboxes, by
// their virtual paths. It asks over the operator API, whose answers carry any
// byte; the text of /files/read does not.
// See https://mesos.apache.org/documentation/latest/sandbox/.
type Files struct {
	read func(ctx context.Context, path string, offset, length uint64) (data []byte, size uint64, err error)
	list func(ctx context.Context, path string) ([]*mesospb.FileInfo, error)
	send func(context.Context, request) (*http.Response, error)
}

// Files reads the agent's files.
func (a *Agent) Files() Files {
	return Files{
		send: a.send,
		read: func(ctx context.Context, path string, offset, length uint64) ([]byte, uint64, error) {
			answer, err := a.Call(ctx, &agentpb.Call{
				Type:     agentpb.Call_READ_FILE.Enum(),
				ReadFile: &agentpb.Call_ReadFile{Path: &path, Offset: &offset, Length: &length},
			})
			return answer.GetReadFile().GetData(), answer.GetReadFile().GetSize(), err
		},
		list: func(ctx context.Context, path string) ([]*mesospb.FileInfo, error) {
			answer, err := a.Call(ctx, &agentpb.Call{
				Type: agentpb.Call_LIST_FILES.Enum(), ListFiles: &agentpb.Call_ListFiles{Path: &path},
			})
			return answer.GetListFiles().GetFileInfos(), err
		},
	}
}

// Files reads the leading master's files.
func (c *Client) Files() Files {
	return Files{
		send: c.send,
		read: func(ctx context.Context, path string, offset, length uint64) ([]byte, uint64, error) {
			answer, err := c.Call(ctx, &masterpb.Call{
				Type:     masterpb.Call_READ_FILE.Enum(),
				ReadFile: &masterpb.Call_ReadFile{Path: &path, Offset: &offset, Length: &length},
			})
			return answer.GetReadFile().GetData(), answer.GetReadFile().GetSize(), err
		},
		list: func(ctx context.Context, path string) ([]*mesospb.FileInfo, error) {
			answer, err := c.Call(ctx, &masterpb.Call{
				Type: masterpb.Call_LIST_FILES.Enum(), ListFiles: &masterpb.Call_ListFiles{Path: &path},
			})
			return answer.GetListFiles().GetFileInfos(), err
		},
	}
}

// Read returns what a file has from offset (in bytes) on, up to a limit that the
// server chooses; at the end of the file it returns nothing.
func (f Files) Read(ctx context.Context, path string, offset uint64) ([]byte, error) {
	data, _, err := f.read(ctx, path, offset, chunkBytes)
	return data, err
}

// Size returns a file's size in bytes.
func (f Files) Size(ctx context.Context, path string) (uint64, error) {
	_, size, err := f.read(ctx, path, 0, 0)
	return size, err
}

// Browse lists a directory.
func (f Files) Browse(ctx context.Context, path string) ([]*mesospb.FileInfo, error) {
	return f.list(ctx, path)
}

// Download opens a whole file, which the caller closes.
func (f Files) Download(ctx context.Context, path string) (io.ReadCloser, error) {
	query := url.Values{"path": {path}}
	response, err := f.send(ctx, request{
		method: http.MethodGet, path: "/files/download?" + query.Encode(), header: http.Header{},
	})
	if err != nil {
		return nil, err
	}
	return response.Body, nil
}

// Follow is FollowFrom the beginning of a file.
func (f Files) Follow(ctx context.Context, path string, w io.Writer, ended <-chan struct{}) error {
	return f.FollowFrom(ctx, path, 0, w, ended)
}

// FollowFrom copies a growing file to w from offset (in bytes) on until ended is
// closed and its end is reached. A file that doesn't exist yet, or whose agent
// can't be reached for a while, is waited for until then. When a shorter file takes
// its place, as a log's that has grown too large, the rest of the former is copied,
// if it is now PATH.1, and then the new one from its beginning.
func (f Files) FollowFrom(ctx context.Context, path string, offset uint64, w io.Writer, ended <-chan struct{}) error {
	pause := followPauseMin
	for {
		// Looked at before the read: what was written before the end is then read.
		last := isClosed(ended)
		data, size, err := f.readInTime(ctx, path, offset)
		if err != nil && (last || ctx.Err() != nil || !passing(err)) {
			return err
		}
		if err == nil && size < offset { // another file is in its place: it grew too large
			if err := f.finish(ctx, path+".1", offset, w); err != nil {
				return err
			}
			offset = 0
			continue
		}
		if len(data) > 0 {
			if _, err := w.Write(data); err != nil {
				return mesos.Errorf(mesos.Internal, "copy %s: %w", path, err)
			}
			offset += uint64(len(data))
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

// finish copies what a file has from offset on that was moved out of the way. It may
// not be there.
func (f Files) finish(ctx context.Context, path string, offset uint64, w io.Writer) error {
	for {
		data, _, err := f.readInTime(ctx, path, offset)
		if err != nil || len(data) == 0 {
			return nil //nolint:nilerr // it is lost, as whatever was in older ones
		}
		if _, err := w.Write(data); err != nil {
			return mesos.Errorf(mesos.Internal, "copy %s: %w", path, err)
		}
		offset += uint64(len(data))
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

func (f Files) readInTime(ctx context.Context, path string, offset uint64) (data []byte, size uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, followReadTimeout)
	defer cancel()
	return f.read(ctx, path, offset, chunkBytes)
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
