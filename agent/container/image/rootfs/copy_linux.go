package rootfs

import (
	"bufio"
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container/image/layer"
	"github.com/mesosctl/mesosctl/mesos"
)

// copying copies layers over one another.
type copying struct{}

func (copying) Name() string     { return "copy" }
func (copying) Form() layer.Form { return layer.Plain }

// Provision implements Backend.
func (copying) Provision(ctx context.Context, layers []string, root, _ string) ([]string, error) {
	if len(layers) == 0 {
		return nil, mesos.Errorf(mesos.Invalid, "copy: no layers")
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, err
	}
	if err := layer.Copy(ctx, layers, root); err != nil {
		return nil, err
	}
	return []string{root}, nil
}

// Destroy implements Backend. What is mounted in the copy is unmounted first: it
// isn't the copy's to remove.
func (copying) Destroy(root, scratch string) error {
	mounts, err := mountsIn(root)
	if err != nil {
		return err
	}
	for _, mount := range mounts {
		if err := unix.Unmount(mount, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil && !errors.Is(err, unix.EINVAL) {
			return &os.PathError{Op: "unmount", Path: mount, Err: err}
		}
	}
	return errors.Join(os.RemoveAll(root), os.RemoveAll(scratch))
}

func (copying) try(string, string) error { return nil }

// mountsIn lists what is mounted in a directory, the last one first.
func mountsIn(dir string) ([]string, error) {
	file, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var found []string
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 {
			continue
		}
		if target := unescape.Replace(fields[4]); strings.HasPrefix(target, dir+"/") || target == dir {
			found = append(found, target)
		}
	}
	slices.Reverse(found)
	return found, lines.Err()
}
