package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// boot is the first process of the machine. It does not return.
func boot() {
	if err := machine(); err != nil {
		fmt.Println(verdict+"machine", err)
	}
	syscall.Sync()
	_ = syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
	_ = syscall.Reboot(syscall.LINUX_REBOOT_CMD_RESTART)
	select {}
}

// machine makes the system that tests expect, and runs them.
func machine() error {
	if err := settle(); err != nil {
		return err
	}
	plan, err := os.ReadFile("/plan")
	if err != nil {
		return err
	}
	var tests, arguments []string
	for line := range strings.Lines(string(plan)) {
		switch kind, value, _ := strings.Cut(strings.TrimSpace(line), "\t"); kind {
		case "module":
			if err := load("/" + value); err != nil {
				return err
			}
		case "test":
			tests = append(tests, value)
		case "argument":
			arguments = append(arguments, value)
		}
	}
	for _, pkg := range tests {
		runTests(pkg, arguments)
	}
	return nil
}

func runTests(pkg string, arguments []string) {
	dir := "/src/" + pkg
	started := time.Now()
	tests := exec.Command(dir+"/tests", arguments...)
	tests.Dir, tests.Stdout, tests.Stderr = dir, os.Stdout, os.Stdout
	tests.Env = []string{"PATH=/bin", "HOME=/root", "TMPDIR=/tmp"}
	if err := tests.Run(); err != nil {
		fmt.Println(verdict+"FAIL", pkg, err)
		return
	}
	fmt.Printf("%sok %s %.1fs\n", verdict, pkg, time.Since(started).Seconds())
}

// settle moves to a file system that can be left again, which the first one can't,
// and mounts what is on every machine.
func settle() error {
	if err := os.Mkdir("/new", 0o755); err != nil {
		return err
	}
	if err := syscall.Mount("tmpfs", "/new", "tmpfs", 0, "size=90%"); err != nil {
		return fmt.Errorf("mount a root: %w", err)
	}
	for _, name := range []string{"bin", "etc", "lib", "lib64", "modules", "plan", "src"} {
		if err := move("/"+name, "/new/"+name); err != nil {
			return err
		}
	}
	if err := os.Chdir("/new"); err != nil {
		return err
	}
	if err := syscall.Mount(".", "/", "", syscall.MS_MOVE, ""); err != nil {
		return fmt.Errorf("move the root: %w", err)
	}
	if err := syscall.Chroot("."); err != nil {
		return err
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	return mounts()
}

func mounts() error {
	for _, m := range []struct {
		kind, at, data string
	}{
		{"proc", "/proc", ""}, {"sysfs", "/sys", ""}, {"devtmpfs", "/dev", ""},
		{"tmpfs", "/tmp", "mode=1777"}, {"tmpfs", "/run", ""},
		{"devpts", "/dev/pts", "ptmxmode=666"}, {"tmpfs", "/dev/shm", ""},
		{"cgroup2", "/sys/fs/cgroup", ""},
	} {
		if err := os.MkdirAll(m.at, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount(m.kind, m.at, m.kind, 0, m.data); err != nil {
			return fmt.Errorf("mount %s: %w", m.at, err)
		}
	}
	if err := os.Chmod("/tmp", 0o777|os.ModeSticky); err != nil {
		return err
	}
	for name, target := range map[string]string{"fd": "self/fd", "stdin": "self/fd/0", "stdout": "self/fd/1", "stderr": "self/fd/2"} {
		if err := os.Symlink("/proc/"+target, "/dev/"+name); err != nil {
			return err
		}
	}
	// The loopback address, and the names of busybox's commands.
	for _, command := range [][]string{
		{"mkdir", "-p", "/sbin", "/usr/bin", "/usr/sbin", "/root", "/var/tmp", "/var/run"},
		{"--install", "-s", "/bin"}, {"ip", "link", "set", "lo", "up"},
	} {
		if output, err := exec.Command("/bin/busybox", command...).CombinedOutput(); err != nil {
			return fmt.Errorf("busybox %s: %w: %s", command[0], err, output)
		}
	}
	return nil
}

// move copies a tree and removes it, file by file: there is memory for one of them.
func move(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			if os.IsNotExist(err) {
				return nil
			}
			return err
		}
		target := to + strings.TrimPrefix(path, from)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if err := copyFile(path, target, info.Mode().Perm()); err != nil {
			return err
		}
		return os.Remove(path)
	})
}

func copyFile(from, to string, mode fs.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// load loads a module of the kernel.
func load(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := unix.FinitModule(int(file.Fd()), "", 0); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("load %s: %w", path, err)
	}
	return nil
}
