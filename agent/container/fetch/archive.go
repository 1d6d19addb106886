package fetch

import (
	"archive/tar"
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/mesosctl/mesosctl/mesos"
)

// tarOf is the format of tar archives, compressed somehow.
func tarOf(decompress decompressor) format {
	return func(ctx context.Context, sandbox *os.Root, file *os.File, _ string) error {
		content, err := decompress(file)
		if err != nil {
			return err
		}
		return untar(sandbox, tar.NewReader(stoppable{ctx, content}))
	}
}

func untar(sandbox *os.Root, archive *tar.Reader) error {
	var dirs modes
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return dirs.set(sandbox)
		}
		if err != nil {
			return err
		}
		name, err := entryPath(header.Name)
		if err != nil {
			return err
		}
		switch header.Typeflag {
		case tar.TypeDir:
			err = dirs.make(sandbox, name, header.FileInfo().Mode())
		case tar.TypeReg, tar.TypeGNUSparse:
			err = writeFile(sandbox, name, header.FileInfo().Mode(), archive)
			if err == nil {
				err = sandbox.Chtimes(name, header.ModTime, header.ModTime)
			}
		case tar.TypeSymlink:
			err = makeSymlink(sandbox, header.Linkname, name)
		case tar.TypeLink:
			err = hardLink(sandbox, header.Linkname, name)
		case tar.TypeXGlobalHeader:
		default:
			err = mesos.Errorf(mesos.Invalid, "neither file, directory nor link (tar type %q)", header.Typeflag)
		}
		if err != nil {
			return fmt.Errorf("entry %q: %w", header.Name, err)
		}
	}
}

func hardLink(sandbox *os.Root, target, name string) error {
	from, err := entryPath(target)
	if err != nil {
		return err
	}
	if from == name {
		return nil
	}
	if err := makeWay(sandbox, name); err != nil {
		return err
	}
	return sandbox.Link(from, name)
}

// modes are the directories of an archive. One that may not be written to must
// not be so before its files are in it.
type modes []struct {
	name string
	mode fs.FileMode
}

func (m *modes) make(sandbox *os.Root, name string, mode fs.FileMode) error {
	if err := makeWay(sandbox, name); err != nil {
		return err
	}
	if err := sandbox.MkdirAll(name, 0o755); err != nil {
		return err
	}
	if name != "." { // the sandbox itself stays as it is
		*m = append(*m, struct {
			name string
			mode fs.FileMode
		}{name, mode.Perm()})
	}
	return nil
}

// set gives the directories their modes, those below first.
func (m modes) set(sandbox *os.Root) error {
	for i := len(m) - 1; i >= 0; i-- {
		if err := sandbox.Chmod(m[i].name, m[i].mode); err != nil {
			return err
		}
	}
	return nil
}

// maxLinkTarget bounds the target of a symbolic link in a zip archive, in bytes.
const maxLinkTarget = 4096

func unzip(ctx context.Context, sandbox *os.Root, file *os.File, _ string) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	archive, err := zip.NewReader(file, info.Size())
	if err != nil {
		return err
	}
	var dirs modes
	for _, entry := range archive.File {
		if err := unzipEntry(ctx, sandbox, entry, &dirs); err != nil {
			return fmt.Errorf("entry %q: %w", entry.Name, err)
		}
	}
	return dirs.set(sandbox)
}

func unzipEntry(ctx context.Context, sandbox *os.Root, entry *zip.File, dirs *modes) error {
	name, err := entryPath(entry.Name)
	if err != nil {
		return err
	}
	const encrypted = 0x1
	if entry.Flags&encrypted != 0 {
		return mesos.Errorf(mesos.Unsupported, "encrypted")
	}
	mode := entry.Mode()
	if mode.IsDir() {
		return dirs.make(sandbox, name, mode)
	}
	content, err := entry.Open()
	if err != nil {
		return err
	}
	defer content.Close()
	switch {
	case mode&fs.ModeSymlink != 0:
		target, err := io.ReadAll(io.LimitReader(content, maxLinkTarget))
		if err != nil {
			return err
		}
		return makeSymlink(sandbox, string(target), name)
	case mode.IsRegular():
		if mode.Perm() == 0 { // packed where files have no modes
			mode = 0o644
		}
		if err := writeFile(sandbox, name, mode, stoppable{ctx, content}); err != nil {
			return err
		}
		return sandbox.Chtimes(name, entry.Modified, entry.Modified)
	}
	return mesos.Errorf(mesos.Invalid, "neither file, directory nor link (mode %v)", mode)
}
