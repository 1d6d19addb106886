package fetch

import (
	"compress/bzip2"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/therootcompany/xz"

	"github.com/mesosctl/mesosctl/mesos"
)

// maxDictionary bounds the memory that an xz archive can ask for: what xz -9 uses.
const maxDictionary = 64 << 20

// extract unpacks a file into the sandbox's top directory. What it is, its name
// says; false means that the name is no archive's.
func extract(ctx context.Context, sandbox *os.Root, file *os.File, name string) (bool, error) {
	format := formatOf(name)
	if format == nil {
		return false, nil
	}
	if err := format(ctx, sandbox, file, name); err != nil {
		return true, fmt.Errorf("extract: %w", err)
	}
	return true, nil
}

// format unpacks one kind of archive.
type format func(ctx context.Context, sandbox *os.Root, file *os.File, name string) error

func formatOf(name string) format {
	for _, f := range []struct {
		suffix string
		format format
	}{
		{".tar", tarOf(plain)},
		{".tgz", tarOf(gunzip)}, {".tar.gz", tarOf(gunzip)},
		{".tbz2", tarOf(bunzip2)}, {".tar.bz2", tarOf(bunzip2)},
		{".txz", tarOf(unxz)}, {".tar.xz", tarOf(unxz)},
		{".zip", unzip},
		{".gz", gunzipFile}, // after .tar.gz
	} {
		if strings.HasSuffix(name, f.suffix) {
			return f.format
		}
	}
	return nil
}

// decompressor reads what was compressed.
type decompressor func(io.Reader) (io.Reader, error)

func plain(r io.Reader) (io.Reader, error)   { return r, nil }
func gunzip(r io.Reader) (io.Reader, error)  { return gzip.NewReader(r) }
func bunzip2(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }
func unxz(r io.Reader) (io.Reader, error)    { return xz.NewReader(r, maxDictionary) }

// gunzipFile unpacks a single file, named like its archive without ".gz".
func gunzipFile(ctx context.Context, sandbox *os.Root, file *os.File, name string) error {
	content, err := gunzip(file)
	if err != nil {
		return err
	}
	to := strings.TrimSuffix(path.Base(name), ".gz")
	if to == "" {
		return mesos.Errorf(mesos.Invalid, "%s: no name is left without .gz", name)
	}
	return writeFile(sandbox, to, 0o644, stoppable{ctx, content})
}

// entryPath is where in the sandbox an archive's entry goes. One that would
// leave the sandbox is refused, and with it the archive: nobody packs such an
// entry for good.
func entryPath(name string) (string, error) {
	clean := path.Clean(strings.TrimSuffix(name, "/"))
	if strings.Contains(name, "\x00") || !filepath.IsLocal(clean) {
		return "", mesos.Errorf(mesos.Invalid, "entry %q: not a path within the sandbox", name)
	}
	return clean, nil
}

// writeFile makes a file and its directories. What was there of that name is
// replaced, not written to: it may be a link.
func writeFile(sandbox *os.Root, name string, mode os.FileMode, content io.Reader) error {
	if err := makeWay(sandbox, name); err != nil {
		return err
	}
	to, err := sandbox.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, content); err != nil {
		to.Close()
		return err
	}
	if err := to.Chmod(mode.Perm()); err != nil {
		to.Close()
		return err
	}
	return to.Close()
}

// makeWay makes the directories above name and removes what is there that is
// not a directory.
func makeWay(sandbox *os.Root, name string) error {
	if dir := path.Dir(name); dir != "." {
		if err := sandbox.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	info, err := sandbox.Lstat(name)
	if err != nil || info.IsDir() {
		return nil
	}
	return sandbox.Remove(name)
}

// makeSymlink makes a symbolic link as it was packed, wherever it leads: no
// later entry is written through it, unless it stays within the sandbox.
func makeSymlink(sandbox *os.Root, target, name string) error {
	if err := makeWay(sandbox, name); err != nil {
		return err
	}
	return sandbox.Symlink(target, name)
}
