package rootfs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container/image/layer"
	"github.com/mesosctl/mesosctl/mesos"
)

func byName() map[string]trying {
	return map[string]trying{"overlay": overlay{}, "bind": bind{}, "copy": copying{}}
}

// overlay has the kernel merge layers: nothing is copied until it is written to.
type overlay struct{}

func (overlay) Name() string     { return "overlay" }
func (overlay) Form() layer.Form { return layer.Overlay }

// Provision implements Backend.
func (overlay) Provision(_ context.Context, layers []string, root, scratch string) ([]string, error) {
	if len(layers) == 0 {
		return nil, mesos.Errorf(mesos.Invalid, "overlay: no layers")
	}
	upper, work := filepath.Join(scratch, upperDir), filepath.Join(scratch, workDir)
	for _, dir := range []string{root, upper, work} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	// The root directory itself is that of the uppermost layer.
	if err := alike(layers[len(layers)-1], upper); err != nil {
		return nil, err
	}
	if err := mountOverlay(layers, upper, work, root); err != nil {
		return nil, err
	}
	return []string{upper, work}, private(root)
}

// alike gives a directory the owner and the permissions of another one.
func alike(of, dir string) error {
	var st unix.Stat_t
	if err := unix.Lstat(of, &st); err != nil {
		return &os.PathError{Op: "lstat", Path: of, Err: err}
	}
	return errors.Join(os.Chown(dir, int(st.Uid), int(st.Gid)), unix.Chmod(dir, st.Mode&0o7777))
}

// page is how long the options of mount(2) may be.
const page = 4096 - 1

// mountOverlay mounts layers. If their names are too long for mount(2), or have
// what would need escaping, they are called by descriptors, which are short.
//
// The file system need not outlive the machine: "volatile" keeps the kernel from
// waiting for the disk whenever one is unmounted. Kernels before 5.10 don't have it.
func mountOverlay(layers []string, upper, work, root string) error {
	options := overlayOptions(layers, upper, work)
	if len(options) > page || strings.ContainsAny(strings.Join(layers, "")+upper+work, ":,\\") {
		dirs := append(append([]string(nil), layers...), upper, work)
		for i, dir := range dirs {
			fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
			if err != nil {
				return &os.PathError{Op: "open", Path: dir, Err: err}
			}
			defer unix.Close(fd) //nolint:errcheck // nothing was written
			dirs[i] = fmt.Sprintf("/proc/self/fd/%d", fd)
		}
		options = overlayOptions(dirs[:len(layers)], dirs[len(layers)], dirs[len(layers)+1])
	}
	if len(options) > page {
		return mesos.Errorf(mesos.Unsupported, "overlay: %d layers are more than mount(2) takes", len(layers))
	}
	err := unix.Mount("overlay", root, "overlay", 0, options+",volatile")
	if errors.Is(err, unix.EINVAL) {
		err = unix.Mount("overlay", root, "overlay", 0, options)
	}
	if err != nil {
		return mountError("overlay", root, err)
	}
	return nil
}

// overlayOptions has the uppermost layer first.
func overlayOptions(layers []string, upper, work string) string {
	var b strings.Builder
	b.WriteString("lowerdir=")
	for i := len(layers) - 1; i >= 0; i-- {
		b.WriteString(layers[i])
		if i > 0 {
			b.WriteByte(':')
		}
	}
	fmt.Fprintf(&b, ",upperdir=%s,workdir=%s", upper, work)
	return b.String()
}

func mountError(what, target string, err error) error {
	kind := mesos.Internal
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.ENOMEM) {
		kind = mesos.Unavailable
	}
	return mesos.Errorf(kind, "%s: mount %s: %w", what, target, err)
}

// private keeps mounts in a root file system from spreading.
func private(root string) error {
	if err := unix.Mount("", root, "", unix.MS_PRIVATE, ""); err != nil {
		return mountError("private", root, err)
	}
	return nil
}

// Destroy implements Backend.
func (overlay) Destroy(root, scratch string) error {
	return errors.Join(unmount(root), os.RemoveAll(scratch))
}

// unmount removes a mount with all that is mounted in it, and its mount point,
// which has nothing in it then. Who is in there still is not disturbed.
func unmount(root string) error {
	for {
		err := unix.Unmount(root, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
		if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOENT) { // not mounted, or gone
			break
		}
		if err != nil {
			return &os.PathError{Op: "unmount", Path: root, Err: err}
		}
	}
	if err := unix.Rmdir(root); err != nil && !errors.Is(err, unix.ENOENT) {
		return &os.PathError{Op: "rmdir", Path: root, Err: err}
	}
	return nil
}

// try mounts two layers, of which the upper one hides a file of the lower one, and
// removes another. On file systems whose directories don't say what their entries
// are, XFS with ftype=0 for one, these would still be listed: nothing could be
// removed from an image, by a later layer or by the container.
func (o overlay) try(store, containers string) error {
	if os.Geteuid() != 0 {
		return mesos.Errorf(mesos.Unsupported, "it takes root to mount")
	}
	lower, err := os.MkdirTemp(store, "probe-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(lower) //nolint:errcheck // it did its duty
	made, err := os.MkdirTemp(containers, "probe-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(made) //nolint:errcheck // it did its duty
	layers := []string{filepath.Join(lower, "1"), filepath.Join(lower, "2")}
	for _, dir := range append(layers, filepath.Join(made, "scratch")) {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	const hidden, removed = "hidden", "removed"
	for _, name := range []string{hidden, removed} {
		if err := os.WriteFile(filepath.Join(layers[0], name), nil, 0o600); err != nil {
			return err
		}
	}
	if err := unix.Mknod(filepath.Join(layers[1], hidden), unix.S_IFCHR, 0); err != nil {
		return fmt.Errorf("whiteouts: %w", err)
	}
	if err := unix.Setxattr(layers[1], "trusted.overlay.opaque", []byte("y"), 0); err != nil {
		return fmt.Errorf("opaque directories: %w", err)
	}
	root := filepath.Join(made, "root")
	defer o.Destroy(root, filepath.Join(made, "scratch")) //nolint:errcheck // it did its duty
	if _, err := o.Provision(context.Background(), layers, root, filepath.Join(made, "scratch")); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(root, removed)); err != nil {
		return err
	}
	left, err := listed(root)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		dir := store
		if !slices.Contains(left, hidden) {
			dir = containers
		}
		return mesos.Errorf(mesos.Unsupported, "the file system of %s does not tell the types of directory entries (d_type)", dir)
	}
	return os.WriteFile(filepath.Join(root, "written"), nil, 0o600)
}

// listed are the names in a directory, also of what is not there when one looks for
// it, which os.ReadDir leaves out.
func listed(dir string) ([]string, error) {
	file, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return file.Readdirnames(-1)
}
