package network

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// makeNamespace makes a network namespace in which only loopback is up, and binds
// it to a file, so that it lives without a process.
func makeNamespace(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	file.Close()
	return onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a network namespace: %w", err)
		}
		lo, err := netlink.LinkByName("lo")
		if err == nil {
			err = netlink.LinkSetUp(lo)
		}
		if err != nil {
			return fmt.Errorf("bring up lo: %w", err)
		}
		if err := unix.Mount("/proc/thread-self/ns/net", path, "none", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("bind the network namespace to %s: %w", path, err)
		}
		return nil
	})
}

// onThread runs f on a thread that is nobody else's, before or after.
func onThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if unix.Gettid() != unix.Getpid() {
			done <- f()
			return
		}
		// The main thread does not end, and for others this process is it.
		done <- onThread(f)
		runtime.UnlockOSThread()
	}()
	return <-done
}

// isNamespace tells a namespace from the empty file that it was bound to.
func isNamespace(path string) bool {
	var st unix.Statfs_t
	return unix.Statfs(path, &st) == nil && st.Type == unix.NSFS_MAGIC
}

// removeNamespace undoes makeNamespace. The namespace goes when its last process
// has gone.
func removeNamespace(path string) error {
	for isNamespace(path) {
		if err := unix.Unmount(path, unix.MNT_DETACH); err != nil {
			return fmt.Errorf("unmount %s: %w", path, err)
		}
	}
	return nil
}

// shareMounts has what is mounted in a directory, and unmounted, seen in the mount
// namespaces of containers: else one that was made while another container had
// its network would hold that network's namespace. If need be the directory is
// mounted on itself for it.
func shareMounts(dir string) error {
	shared, at, err := mountOf(dir)
	if err != nil || shared {
		return err
	}
	if at != dir {
		if err := unix.Mount(dir, dir, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("bind %s to itself: %w", dir, err)
		}
	}
	if err := unix.Mount("", dir, "", unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("share the mounts of %s: %w", dir, err)
	}
	return nil
}

// mountOf finds the mount that a directory, a path without links, is in: where it
// is mounted, and whether mounts in it are seen elsewhere.
func mountOf(dir string) (shared bool, at string, err error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false, "", err
	}
	for line := range strings.Lines(string(data)) {
		// id parent device root at options optional... - type source superoptions
		fields := strings.Fields(line)
		if len(fields) < 7 {
			continue
		}
		point := unescape(fields[4])
		if point != "/" && point != dir && !strings.HasPrefix(dir, point+"/") || len(point) < len(at) {
			continue
		}
		end := slices.Index(fields, "-")
		at = point
		shared = slices.ContainsFunc(fields[6:max(end, 6)], func(f string) bool { return strings.HasPrefix(f, "shared:") })
	}
	return shared, at, nil
}

// unescape undoes how proc(5) writes characters that separate fields.
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace
