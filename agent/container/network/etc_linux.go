package network

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
)

// mountEtc has a container see these files in its /etc, in its image or, without
// one, instead of the host's. Who enters its parent's mount namespace sees what
// the parent sees.
func mountEtc(plan *container.Plan, files etc, flags uint64) error {
	p := &plan.Process
	if joins(p, unix.CLONE_NEWNS) {
		return nil
	}
	dir, fixed := "/etc", false
	if plan.Image != nil {
		var err error
		if dir, err = imageEtc(plan.Image.Root, files); err != nil {
			return fmt.Errorf("image: make its files of /etc: %w", err)
		}
		fixed = true
	}
	p.Namespaces |= unix.CLONE_NEWNS
	for _, name := range etcNames {
		source, ok := files[name]
		if !ok {
			continue
		}
		target := filepath.Join(dir, name)
		if source == target {
			continue
		}
		p.Mounts = append(p.Mounts, supervise.Mount{
			Source: source, Target: target, Make: !fixed, Fixed: fixed,
			Flags: flags | unix.MS_BIND | unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC,
		})
	}
	return nil
}

// imageEtc makes an image's /etc have regular files to mount over, and returns
// where it is. No link of the image's leads out of it.
func imageEtc(root string, files etc) (string, error) {
	image, err := os.OpenRoot(root)
	if err != nil {
		return "", err
	}
	defer image.Close()
	if err := image.MkdirAll("etc", 0o755); err != nil {
		return "", err
	}
	dir, err := image.OpenRoot("etc")
	if err != nil {
		return "", err
	}
	defer dir.Close()
	for name := range files {
		info, err := dir.Lstat(name)
		if err == nil && info.Mode().IsRegular() {
			continue
		}
		if err == nil {
			err = dir.Remove(name)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		file, err := dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return "", err
		}
		file.Close()
	}
	top, err := placeOf(image)
	if err != nil {
		return "", err
	}
	place, err := placeOf(dir)
	if err != nil {
		return "", err
	}
	inside, err := filepath.Rel(top, place)
	return filepath.Join(root, inside), err
}

// placeOf is a directory's path without links.
func placeOf(dir *os.Root) (string, error) {
	file, err := dir.Open(".")
	if err != nil {
		return "", err
	}
	defer file.Close()
	return os.Readlink("/proc/self/fd/" + strconv.Itoa(int(file.Fd())))
}
