package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// boot is the first process of the machine. It does not return.
func boot() {
	if err := oversee(); err != nil {
		console(machine, isEnd, err.Error())
	}
	syscall.Sync()
	_ = syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
	_ = syscall.Reboot(syscall.LINUX_REBOOT_CMD_RESTART)
	select {}
}

// oversee makes the system that tests expect, and buries orphans, as the first
// process has to, while another runs the tests.
func oversee() error {
	if err := settle(); err != nil {
		return err
	}
	tests := exec.Command("/proc/self/exe", inside)
	tests.Stdin, tests.Stdout, tests.Stderr = os.Stdin, os.Stdout, os.Stdout
	if err := tests.Start(); err != nil {
		return err
	}
	for {
		switch pid, err := syscall.Wait4(-1, nil, 0, nil); {
		case pid == tests.Process.Pid:
			return nil
		case err != nil && !errors.Is(err, syscall.EINTR):
			return fmt.Errorf("wait for the tests: %w", err)
		}
	}
}

// plan is what the archive says is to do in the machine.
type plan struct {
	modules []string
	tests   [][]string // a directory and arguments of each
}

func readPlan() (p plan, err error) {
	data, err := os.ReadFile("/plan")
	if err != nil {
		return p, err
	}
	for line := range strings.Lines(string(data)) {
		switch fields := strings.Split(strings.TrimSpace(line), "\t"); fields[0] {
		case "module":
			p.modules = append(p.modules, "/"+fields[1])
		case "test":
			p.tests = append(p.tests, fields[1:])
		}
	}
	return p, nil
}

// runPlan loads the modules and runs the tests that it is told to.
func runPlan() {
	if err := obey(); err != nil {
		console(machine, isEnd, err.Error())
	}
}

func obey() error {
	p, err := readPlan()
	if err != nil {
		return err
	}
	for _, module := range p.modules {
		if err := load(module); err != nil {
			return err
		}
	}
	if err := silence(os.Stdin); err != nil {
		return err
	}
	answers := bufio.NewReader(os.Stdin)
	for {
		console(machine, isAsking, "what is next")
		answer, err := answers.ReadString('\n')
		if err != nil {
			return fmt.Errorf("hear what is next: %w", err)
		}
		number, err := strconv.Atoi(strings.TrimSpace(answer))
		if err != nil || number >= len(p.tests) {
			return fmt.Errorf("there is no package %q", answer)
		}
		if number < 0 {
			return nil
		}
		runTests(number, "/src/"+p.tests[number][0], p.tests[number][1:])
	}
}

// silence has a terminal not say again what it is told.
func silence(terminal *os.File) error {
	t, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err == nil {
		t.Lflag &^= unix.ECHO
		err = unix.IoctlSetTermios(int(terminal.Fd()), unix.TCSETS, t)
	}
	if err != nil {
		return fmt.Errorf("silence the console: %w", err)
	}
	return nil
}

// console prints a line of a package's tests, or of the machine.
func console(number int, what, line string) {
	fmt.Printf("%s%d %s %s\n", mark, number, what, line)
}

// runTests runs the tests of one package, and tells what they print.
func runTests(number int, dir string, arguments []string) {
	started := time.Now()
	tests := exec.Command(dir+"/tests", arguments...)
	tests.Dir = dir
	tests.Env = []string{"PATH=/bin", "HOME=/root", "TMPDIR=/tmp", "MESOSCTL_TEST_SLOW_MACHINE=yes"}
	output, err := tests.StdoutPipe()
	if err != nil {
		console(number, isEnd, "FAIL "+err.Error())
		return
	}
	tests.Stderr = tests.Stdout
	if err := tests.Start(); err != nil {
		console(number, isEnd, "FAIL "+err.Error())
		return
	}
	lines := bufio.NewReader(output)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			console(number, isLine, strings.TrimSuffix(line, "\n"))
		}
		if err != nil {
			break
		}
	}
	took := time.Since(started).Seconds()
	if err := tests.Wait(); err != nil {
		console(number, isEnd, fmt.Sprintf("FAIL %.1fs %v", took, err))
		return
	}
	_ = os.RemoveAll(dir) // it is in memory
	console(number, isEnd, fmt.Sprintf("ok %.1fs", took))
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
	for _, name := range []string{"bin", "etc", "lib", "lib64", "modules", "plan", "src", "usr"} {
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
	// One directory has all commands: those that were packed, and busybox's for the
	// others. And the loopback address is there.
	for _, command := range [][]string{
		{"mkdir", "-p", "/usr", "/root", "/var/tmp", "/var/run"},
		{"ln", "-s", "/bin", "/sbin"}, {"ln", "-s", "/bin", "/usr/bin"}, {"ln", "-s", "/bin", "/usr/sbin"},
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
