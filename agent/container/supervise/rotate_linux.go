package supervise

import (
	"os"
	"syscall"
)

// rotating is a file that is renamed when it is full: to its name and ".1", what
// had that name to ".2", and so on. Lines that come whole stay whole, unless one is
// longer than the file may become.
type rotating struct {
	path  string
	limit uint64 // of the file's size, in bytes; not 0
	keep  uint64 // how many older files there may be
	file  *os.File
	size  uint64
}

func openRotating(path string, limit, keep uint64) (*rotating, *failure) {
	file, fail := openOutput(path)
	if fail != nil {
		return nil, fail
	}
	r := &rotating{path: path, limit: limit, keep: keep, file: file}
	r.measure()
	return r, nil
}

// Write writes what fits, rotates, and so on. What can't be written is lost.
func (r *rotating) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		part := r.part(p)
		if part == 0 {
			r.rotate()
			continue
		}
		written, err := r.file.Write(p[:part])
		r.size += uint64(part) // whatever became of it: a full disk must not keep us here
		n += written
		if err != nil {
			return n, err
		}
		p = p[part:]
	}
	return n, nil
}

// part is how much of p goes into the file as it is now.
func (r *rotating) part(p []byte) int {
	var room uint64
	if r.size < r.limit {
		room = r.limit - r.size
	}
	if uint64(len(p)) <= room {
		return len(p)
	}
	for i := int(room); i > 0; i-- {
		if p[i-1] == '\n' {
			return i
		}
	}
	if r.size == 0 {
		return int(room)
	}
	return 0
}

// Close implements sink.
func (r *rotating) Close() error { return r.file.Close() }

// measure takes in how large the file is: others may write to it, or empty it.
func (r *rotating) measure() {
	r.size = 0
	if info, err := r.file.Stat(); err == nil && info.Size() > 0 {
		r.size = uint64(info.Size())
	}
}

// rotate makes room. If the files can't be renamed, because the container has put
// something in the way, what is in the file is thrown away: its limit holds.
func (r *rotating) rotate() {
	before := r.size
	r.measure()
	if r.size < before && r.size < r.limit {
		return
	}
	if next := r.next(); next != nil {
		r.file.Close()
		r.file = next
	} else {
		_ = r.file.Truncate(0) // else it is as full as it was, and so is the disk
	}
	r.size = 0
}

// next renames the files and makes a new one, as its owner's as the last one was;
// nil if that can't be done.
func (r *rotating) next() *os.File {
	if r.keep == 0 {
		return nil
	}
	for n := r.keep - 1; n > 0; n-- {
		_ = os.Rename(r.older(n), r.older(n+1)) // there may be none yet
	}
	if os.Rename(r.path, r.older(1)) != nil {
		return nil
	}
	var last syscall.Stat_t
	if syscall.Fstat(int(r.file.Fd()), &last) != nil {
		return nil
	}
	fd, err := syscall.Open(r.path, syscall.O_WRONLY|syscall.O_APPEND|syscall.O_CREAT|syscall.O_EXCL|syscall.O_CLOEXEC, 0o644)
	if err != nil { // the disk is full, say
		_ = os.Rename(r.older(1), r.path) // or what comes later would be in no file of that name
		return nil
	}
	file := os.NewFile(uintptr(fd), r.path)
	if syscall.Fchown(fd, int(last.Uid), int(last.Gid)) != nil || syscall.Fchmod(fd, last.Mode&0o777) != nil {
		file.Close()
		return nil
	}
	return file
}

func (r *rotating) older(n uint64) string { return r.path + "." + itoa(int(n)) }
