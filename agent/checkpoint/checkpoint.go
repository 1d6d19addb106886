// Package checkpoint keeps what an agent must remember on disk, under
// <work_dir>/meta. A file is written whole (a temporary file, synced, renamed)
// or grows by checksummed records of which a torn tail is cut when it is read.
package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Op is one change below the directory.
type Op struct {
	Path   string // relative, slash-separated
	Value  []byte // nil removes the path and everything below it
	Append bool   // add a record instead of replacing the file
}

// Store is a directory of checkpoints. It is not for concurrent use.
type Store struct {
	dir string
	// write is how bytes get into a file: tests let it fail.
	write func(file *os.File, data []byte) error
}

// Open makes the directory if it does not exist.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("checkpoint: open: %w", err)
	}
	return &Store{dir: dir, write: writeAll}, nil
}

func writeAll(file *os.File, data []byte) error {
	_, err := file.Write(data)
	return err
}

// Apply makes the changes in order and returns once all are durable. Files and
// directories touched more than once are synced once. After an error, changes
// before the failed one may have been made, and a record that was being added may
// be there in part: the Store is not to be used any more, and Records of the next
// one cuts that part off.
func (s *Store) Apply(ops []Op) error {
	b := batch{write: s.write, appended: map[string]*os.File{}, dirs: map[string]bool{}}
	defer b.close()
	for _, op := range ops {
		path, err := s.resolve(op.Path)
		if err != nil {
			return err
		}
		switch {
		case op.Value == nil:
			err = b.remove(path)
		case op.Append:
			err = b.append(path, op.Value)
		default:
			err = b.replace(path, op.Value)
		}
		if err != nil {
			return fmt.Errorf("checkpoint: %s: %w", op.Path, err)
		}
	}
	return b.sync()
}

// Read returns a file written whole; fs.ErrNotExist if there is none.
func (s *Store) Read(path string) ([]byte, error) {
	full, err := s.resolve(path)
	if err != nil {
		return nil, err
	}
	value, err := os.ReadFile(full)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %s: %w", path, err)
	}
	return value, nil
}

// ErrDamaged tells that a file has something in it that no crash leaves behind.
var ErrDamaged = errors.New("damaged")

// Records returns the records of an append-only file, and cuts a torn tail off
// so that the next record follows the last whole one. If what follows is no torn
// tail it is cut off too, and the error, beside the records, is ErrDamaged.
func (s *Store) Records(path string) ([][]byte, error) {
	full, err := s.resolve(path)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(full)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %s: %w", path, err)
	}
	records, whole := split(data)
	if whole == len(data) {
		return records, nil
	}
	if err := os.Truncate(full, int64(whole)); err != nil {
		return nil, fmt.Errorf("checkpoint: %s: cut torn tail: %w", path, err)
	}
	if !torn(data[whole:]) {
		return records, fmt.Errorf("checkpoint: %s: after %d records: %w", path, len(records), ErrDamaged)
	}
	return records, nil
}

// List returns the names of what is in a directory, in order, without the
// temporary files that a crash left behind; none if there is no such directory.
func (s *Store) List(path string) ([]string, error) {
	full, err := s.resolve(path)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(full)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("checkpoint: %s: %w", path, err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() || !strings.HasSuffix(entry.Name(), temporary) {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// Files lists the files below the directory by their relative paths, in order,
// without the temporary ones that a crash left behind.
func (s *Store) Files() ([]string, error) {
	var paths []string
	err := filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() || strings.HasSuffix(path, temporary) {
			return nil
		}
		relative, err := filepath.Rel(s.dir, path)
		paths = append(paths, filepath.ToSlash(relative))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("checkpoint: list: %w", err)
	}
	return paths, nil
}

func (s *Store) resolve(path string) (string, error) {
	if !fs.ValidPath(path) || path == "." {
		return "", fmt.Errorf("checkpoint: %q is no path below the directory", path)
	}
	return filepath.Join(s.dir, filepath.FromSlash(path)), nil
}

// temporary ends the name of a file that is not yet whole. A directory, such as
// that of a task, may be called so.
const temporary = ".tmp"

// batch is what one Apply has touched and must sync.
type batch struct {
	write    func(*os.File, []byte) error
	appended map[string]*os.File
	dirs     map[string]bool
}

func (b *batch) remove(path string) error {
	for name, file := range b.appended {
		if name == path || strings.HasPrefix(name, path+string(filepath.Separator)) {
			file.Close()
			delete(b.appended, name)
		}
	}
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	for dir := range b.dirs {
		if dir == path || strings.HasPrefix(dir, path+string(filepath.Separator)) {
			delete(b.dirs, dir)
		}
	}
	if _, err := os.Stat(filepath.Dir(path)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	b.dirs[filepath.Dir(path)] = true
	return nil
}

func (b *batch) replace(path string, value []byte) error {
	if err := b.mkdir(filepath.Dir(path)); err != nil {
		return err
	}
	if file, ok := b.appended[path]; ok {
		file.Close()
		delete(b.appended, path)
	}
	file, err := os.OpenFile(path+temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = b.write(file, value)
	if err == nil {
		err = file.Sync()
	}
	if cerr := file.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(path+temporary, path)
	}
	if err != nil {
		_ = os.Remove(path + temporary)
	}
	return err
}

func (b *batch) append(path string, value []byte) error {
	file, ok := b.appended[path]
	if !ok {
		if err := b.mkdir(filepath.Dir(path)); err != nil {
			return err
		}
		var err error
		if file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
			return err
		}
		b.appended[path] = file
	}
	return b.write(file, record(value))
}

// mkdir makes a directory and remembers every directory that gained an entry.
func (b *batch) mkdir(dir string) error {
	b.dirs[dir] = true
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); err == nil {
			b.dirs[d] = true
			break
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		b.dirs[d] = true
	}
	return os.MkdirAll(dir, 0o755)
}

func (b *batch) sync() error {
	for path, file := range b.appended {
		if err := file.Sync(); err != nil {
			return fmt.Errorf("checkpoint: %s: %w", path, err)
		}
	}
	for dir := range b.dirs {
		if err := syncDir(dir); err != nil {
			return fmt.Errorf("checkpoint: %s: %w", dir, err)
		}
	}
	return nil
}

func (b *batch) close() {
	for _, file := range b.appended {
		file.Close()
	}
}

func syncDir(dir string) error {
	file, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer file.Close()
	return file.Sync()
}

// A record is the length of its value and a CRC-32C of length and value, four
// bytes each in little endian, and the value. Nothing but zeros, as a crash may
// leave in the place of what was not written, is therefore no record.
const recordHeader = 8

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func record(value []byte) []byte {
	b := make([]byte, recordHeader, recordHeader+len(value))
	binary.LittleEndian.PutUint32(b, uint32(len(value)))
	binary.LittleEndian.PutUint32(b[4:], sum(b[:4], value))
	return append(b, value...)
}

func sum(length, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(length, castagnoli), castagnoli, value)
}

// torn reports whether the rest of a file, which does not begin with a whole
// record, may be what a crash left of the last one: it ends within that, or some
// of its pages were not written.
func torn(rest []byte) bool {
	if len(rest) < recordHeader || len(bytes.Trim(rest, "\x00")) == 0 {
		return true
	}
	return int64(binary.LittleEndian.Uint32(rest)) >= int64(len(rest)-recordHeader)
}

// split returns the whole records of data and the length of what they take up.
func split(data []byte) (records [][]byte, whole int) {
	for r := bytes.NewReader(data); ; {
		var header [recordHeader]byte
		if _, err := io.ReadFull(r, header[:]); err != nil {
			return records, whole
		}
		length := int64(binary.LittleEndian.Uint32(header[:]))
		if length > int64(r.Len()) {
			return records, whole
		}
		start := whole + recordHeader
		value := data[start : start+int(length)]
		if sum(header[:4], value) != binary.LittleEndian.Uint32(header[4:]) {
			return records, whole
		}
		records = append(records, value)
		whole = start + int(length)
		if _, err := r.Seek(length, io.SeekCurrent); err != nil {
			return records, whole
		}
	}
}
