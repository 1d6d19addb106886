package httpapi

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"syscall"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// maxReadBytes is the most that one read returns: 16 pages, as in Mesos.
const maxReadBytes = 16 * 4096

// Files are the sandboxes and logs that may be read over HTTP, each under a
// virtual path. What a virtual path does not lead to can't be reached, not even
// through a symbolic link.
// See https://mesos.apache.org/documentation/latest/sandbox/.
type Files struct {
	mu    sync.RWMutex
	roots map[string]root // by virtual path
}

// root is what a virtual path leads to.
type root struct {
	real    string                      // without symbolic links
	allowed func(principal string) bool // nil: everybody may read
}

// NewFiles returns no files.
func NewFiles() *Files { return &Files{roots: make(map[string]root)} }

// Attach makes a file, or a directory with all below it, readable under a
// virtual path, and replaces what was there. The error's kind is NotFound if
// there is no such file.
func (f *Files) Attach(file, virtual string) error { return f.AttachFor(file, virtual, nil) }

// AttachFor is Attach for those principals only that are allowed to read.
func (f *Files) AttachFor(file, virtual string, allowed func(principal string) bool) error {
	real, err := realPath(file)
	if err != nil {
		return mesos.Errorf(mesos.KindOf(err), "attach %s: %w", file, err)
	}
	opened, err := os.Open(real)
	if err != nil {
		return mesos.Errorf(mesos.Forbidden, "attach %s: %w", file, err)
	}
	opened.Close() // it was only tried
	f.mu.Lock()
	defer f.mu.Unlock()
	f.roots[strings.TrimSuffix(virtual, "/")] = root{real, allowed}
	return nil
}

// Detach takes a virtual path back.
func (f *Files) Detach(virtual string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.roots, strings.TrimSuffix(virtual, "/"))
}

// realPath is a path without symbolic links.
func realPath(file string) (string, error) {
	absolute, err := filepath.Abs(file)
	if err == nil {
		absolute, err = filepath.EvalSymlinks(absolute)
	}
	switch {
	case err == nil:
		return absolute, nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return "", mesos.Errorf(mesos.NotFound, "%w", err)
	default:
		return "", mesos.Errorf(mesos.Invalid, "%w", err)
	}
}

// attached returns what the longest virtual path that is the beginning of name
// leads to, and the rest of name.
func (f *Files) attached(name string) (at root, rest string, ok bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	name = strings.TrimSuffix(name, "/")
	for prefix := name; ; {
		if at, ok := f.roots[prefix]; ok {
			return at, name[len(prefix):], true
		}
		cut := strings.LastIndexByte(prefix, '/')
		if cut < 0 {
			return root{}, "", false
		}
		prefix = prefix[:cut]
	}
}

// resolve returns the real path of a virtual one.
func (f *Files) resolve(principal, name string) (string, error) {
	at, rest, ok := f.attached(name)
	if !ok {
		return "", mesos.Errorf(mesos.NotFound, "there is no file %q", name)
	}
	if at.allowed != nil && !at.allowed(principal) {
		return "", mesos.Errorf(mesos.Forbidden, "principal %q may not read %q", principal, name)
	}
	info, err := os.Stat(at.real)
	if err != nil || (!info.IsDir() && rest != "") {
		return "", mesos.Errorf(mesos.NotFound, "there is no file %q", name)
	}
	real, err := realPath(filepath.Join(at.real, filepath.FromSlash(rest)))
	if err != nil {
		if mesos.KindOf(err) == mesos.NotFound {
			return "", mesos.Errorf(mesos.NotFound, "there is no file %q", name)
		}
		return "", mesos.Errorf(mesos.Invalid, "%q: %w", name, err)
	}
	if real != at.real && !strings.HasPrefix(real, strings.TrimSuffix(at.real, "/")+"/") {
		return "", mesos.Errorf(mesos.Invalid, "%q leads out of what may be read", name)
	}
	return real, nil
}

// Browse lists a directory, sorted by name. A file has an empty listing.
func (f *Files) Browse(principal, name string) ([]*mesospb.FileInfo, error) {
	real, err := f.resolve(principal, name)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(real)
	if err != nil {
		return nil, nil
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].Name() < entries[j].Name() })
	infos := make([]*mesospb.FileInfo, 0, len(entries))
	for _, entry := range entries {
		info, err := os.Stat(filepath.Join(real, entry.Name()))
		if err != nil {
			continue // it was removed meanwhile, or is a link to nowhere
		}
		infos = append(infos, fileInfo(path.Join(name, entry.Name()), info))
	}
	return infos, nil
}

// Read returns up to length bytes of a file from offset on, and the file's
// size; no more than 64 KiB at once, and as much as that without a length (nil).
func (f *Files) Read(principal, name string, offset uint64, length *uint64) (data []byte, size int64, err error) {
	file, err := f.open(principal, name)
	if err != nil {
		return nil, 0, err
	}
	defer file.Close() // it was only read
	info, err := file.Stat()
	if err != nil {
		return nil, 0, mesos.Errorf(mesos.Internal, "read %q: %w", name, err)
	}
	size = info.Size()
	if offset >= uint64(size) {
		return nil, size, nil
	}
	want := min(uint64(size)-offset, maxReadBytes)
	if length != nil {
		want = min(want, *length)
	}
	data = make([]byte, want)
	n, err := file.ReadAt(data, int64(offset))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, mesos.Errorf(mesos.Internal, "read %q: %w", name, err)
	}
	return data[:n], size, nil
}

// open opens a regular file. A pipe or a device would block or never end.
func (f *Files) open(principal, name string) (*os.File, error) {
	real, err := f.resolve(principal, name)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(real)
	switch {
	case err != nil:
		return nil, mesos.Errorf(mesos.NotFound, "there is no file %q", name)
	case info.IsDir():
		return nil, mesos.Errorf(mesos.Invalid, "%q is a directory", name)
	case !info.Mode().IsRegular():
		return nil, mesos.Errorf(mesos.Invalid, "%q is not a regular file", name)
	}
	file, err := os.Open(real)
	if err != nil {
		return nil, mesos.Errorf(mesos.Internal, "open %q: %w", name, err)
	}
	return file, nil
}

// mappings are the virtual paths and what they lead to.
func (f *Files) mappings() map[string]string {
	f.mu.RLock()
	defer f.mu.RUnlock()
	copied := make(map[string]string, len(f.roots))
	for virtual, at := range f.roots {
		copied[virtual] = at.real
	}
	return copied
}
