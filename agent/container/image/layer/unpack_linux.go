package layer

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/mesos"
)

// Unpack reads a layer, a tar archive that may be compressed, into an empty
// directory that exists. It returns the digest of the decompressed archive,
// "sha256:<hex>", which is what an image's configuration calls the layer's diff ID.
//
// Root keeps owners, set-user-ID bits and file capabilities; any other user gets
// files of its own without them. Device nodes are refused, except for those of
// /dev that every container has anyway, which are left out. Errors of what the
// archive says are mesos.Invalid and name the entry; a full disk is mesos.Unavailable.
func Unpack(ctx context.Context, r io.Reader, dir string, form Form, limits Limits) (diffID string, err error) {
	plain, err := decompress(r)
	if err != nil {
		return "", err
	}
	defer plain.Close()
	tree, err := openTree(dir, form)
	if err != nil {
		return "", err
	}
	defer tree.close()

	hash := sha256.New()
	stream := io.TeeReader(&bounded{r: plain, left: limits.Bytes, limit: limits.Bytes}, hash)
	u := unpacker{tree: tree, limits: limits}
	archive := tar.NewReader(stream)
	for {
		if err := ctx.Err(); err != nil {
			return "", context.Cause(ctx)
		}
		header, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", broken(err)
		}
		if err := u.entry(header, archive); err != nil {
			return "", err
		}
	}
	if _, err := io.Copy(io.Discard, stream); err != nil { // what follows the archive counts for its digest
		return "", broken(err)
	}
	if err := tree.finish(); err != nil {
		return "", err
	}
	return "sha256:" + hex.EncodeToString(hash.Sum(nil)), nil
}

// broken is the error for an archive that can't be read on, unless it has a
// kind already.
func broken(err error) error {
	if mesos.KindOf(err) != mesos.Internal || errors.Is(err, context.Canceled) {
		return err
	}
	return invalid("not a whole archive: %w", err)
}

// bounded ends with an error instead of going on for ever.
type bounded struct {
	r           io.Reader
	left, limit int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, invalid("more than %d bytes once it is decompressed", b.limit)
	}
	return n, err
}

// unpacker puts the entries of one archive into a tree.
type unpacker struct {
	tree    *tree
	limits  Limits
	entries int
	bytes   int64
}

func (u *unpacker) entry(h *tar.Header, body io.Reader) error {
	if u.entries++; u.entries > u.limits.Entries {
		return invalid("more than %d entries", u.limits.Entries)
	}
	if h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	name, err := clean(h.Name)
	if err != nil {
		return err
	}
	if name == "" && h.Typeflag != tar.TypeDir {
		return invalid("%q: not a directory, and names the layer itself", h.Name)
	}
	mark, lost, err := markOf(name)
	if err != nil {
		return err
	}
	switch mark {
	case internal:
		return nil
	case hides:
		err = u.tree.hide(path.Dir(name))
	case gone:
		err = u.tree.gone(path.Join(path.Dir(name), lost))
	case none:
		err = u.put(name, h, body)
	}
	if err != nil {
		return fmt.Errorf("%q: %w", h.Name, kind(err))
	}
	return nil
}

// put puts in an entry that is there.
func (u *unpacker) put(name string, h *tar.Header, body io.Reader) error {
	e := entry{
		mode: uint32(h.Mode & 0o7777), uid: h.Uid, gid: h.Gid, modified: h.ModTime, //nolint:gosec // masked
		attributes: attributes(h.PAXRecords),
	}
	if e.uid < 0 || e.gid < 0 || e.uid >= maxID || e.gid >= maxID {
		return invalid("owner %d:%d is no owner", e.uid, e.gid)
	}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeRegA, tar.TypeCont, tar.TypeGNUSparse: //nolint:staticcheck // old archives have TypeRegA
		if u.bytes += h.Size; u.bytes > u.limits.Bytes || u.bytes < 0 {
			return invalid("its files are more than %d bytes", u.limits.Bytes)
		}
		return u.tree.file(name, e, body)
	case tar.TypeDir:
		return u.tree.directory(name, e)
	case tar.TypeSymlink:
		return u.tree.symlink(name, e, h.Linkname)
	case tar.TypeLink:
		target, err := clean(h.Linkname)
		if err != nil {
			return err
		}
		return u.tree.link(name, target)
	case tar.TypeFifo:
		return u.tree.node(name, e, unix.S_IFIFO, 0)
	case tar.TypeChar, tar.TypeBlock:
		if h.Typeflag == tar.TypeChar && usual[device{name, h.Devmajor, h.Devminor}] {
			return nil
		}
		return invalid("a device node (%d:%d): images bring no devices", h.Devmajor, h.Devminor)
	}
	return invalid("an entry of type %q", string(h.Typeflag))
}

// device is a character device in an archive.
type device struct {
	name         string
	major, minor int64
}

// usual are the devices that every container has, over whatever its image has
// there: old images bring them along, and do no harm by it.
var usual = map[device]bool{
	{"dev/null", 1, 3}: true, {"dev/zero", 1, 5}: true, {"dev/full", 1, 7}: true,
	{"dev/random", 1, 8}: true, {"dev/urandom", 1, 9}: true,
	{"dev/tty", 5, 0}: true, {"dev/console", 5, 1}: true, {"dev/ptmx", 5, 2}: true,
}

// attributes are the extended attributes that may enter a container: what
// overlayfs and security modules keep for themselves is not an image's to say.
func attributes(records map[string]string) map[string]string {
	var kept map[string]string
	for key, value := range records {
		name, ok := strings.CutPrefix(key, "SCHILY.xattr.")
		if ok && (name == capability || strings.HasPrefix(name, "user.")) && !strings.HasPrefix(name, "user.overlay.") {
			if kept == nil {
				kept = map[string]string{}
			}
			kept[name] = value
		}
	}
	return kept
}

const capability = "security.capability"

// maxID is the first number that is no user's: -1 leaves an owner as it is.
const maxID = 1<<32 - 1

// kind adds to an error of the system what it means for who asked.
func kind(err error) error {
	switch {
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return mesos.Errorf(mesos.Unavailable, "the disk is full: %w", err)
	case errors.Is(err, unix.ENAMETOOLONG), errors.Is(err, unix.ELOOP), errors.Is(err, unix.ENOTDIR),
		errors.Is(err, unix.EISDIR), errors.Is(err, unix.ENOENT), errors.Is(err, unix.EINVAL):
		return mesos.Errorf(mesos.Invalid, "%w", err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return broken(err)
	}
	return err
}
