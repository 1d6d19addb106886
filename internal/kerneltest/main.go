// Kerneltest runs tests of packages in a virtual machine with another kernel: one
// on which cgroups are of version 2 only, or whatever its command line asks for.
//
//	kerneltest -kernel vmlinuz -busybox busybox ./agent/container/cgroups ...
//
// It builds the test binaries, packs them with a busybox and itself into an
// archive that a kernel unpacks into memory, and boots that with qemu. There it is
// the first process, runs the tests one after another, and turns the machine off.
// What they print is passed on; it exits with 1 if one of them failed.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// options are the flags.
type options struct {
	kernel, busybox string
	modules         string
	programs        string
	commandLine     string
	memory          int
	run             string
	verbose, short  bool
	timeout         time.Duration
}

func main() {
	if os.Getpid() == 1 {
		boot()
	}
	var o options
	flag.StringVar(&o.kernel, "kernel", "", "kernel `file`")
	flag.StringVar(&o.busybox, "busybox", "", "static busybox, for the commands that tests run")
	flag.StringVar(&o.modules, "modules", "", "`files` of kernel modules to load in this order, with commas between")
	flag.StringVar(&o.programs, "programs", "", "more `programs` of this machine for tests to run, with commas between")
	flag.StringVar(&o.commandLine, "append", "cgroup_no_v1=all", "more for the kernel's command line")
	flag.IntVar(&o.memory, "memory", 2048, "`MB` of the machine")
	flag.StringVar(&o.run, "run", "", "`pattern` of tests to run")
	flag.BoolVar(&o.verbose, "v", false, "name every test")
	flag.BoolVar(&o.short, "short", false, "leave long tests out")
	flag.DurationVar(&o.timeout, "timeout", 3*time.Minute, "`time` for all of it")
	flag.Parse()
	if err := test(&o, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "kerneltest:", err)
		os.Exit(1)
	}
}

// test runs the tests of packages, and returns an error if one failed.
func test(o *options, packages []string) error {
	dir, err := os.MkdirTemp("", "kerneltest-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ctx, cancel := context.WithTimeout(context.Background(), o.timeout)
	defer cancel()
	binaries, err := build(ctx, dir, packages)
	if err != nil {
		return err
	}
	image := filepath.Join(dir, "initramfs")
	if err := pack(image, o, binaries); err != nil {
		return err
	}
	return run(ctx, o, image, len(binaries))
}

// binary is the tests of one package.
type binary struct {
	pkg  string // import path
	dir  string // of its source
	file string
}

// build builds the tests of packages. Those without tests are left out.
func build(ctx context.Context, dir string, packages []string) ([]binary, error) {
	list := exec.CommandContext(ctx, "go", append([]string{"list", "-f", "{{.ImportPath}} {{.Dir}}"}, packages...)...)
	list.Stderr = os.Stderr
	output, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var binaries []binary
	for line := range strings.Lines(string(output)) {
		pkg, source, _ := strings.Cut(strings.TrimSpace(line), " ")
		b := binary{pkg, source, filepath.Join(dir, strconv.Itoa(len(binaries))+".test")}
		command := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-o", b.file, pkg)
		command.Env = append(os.Environ(), "CGO_ENABLED=0")
		command.Stdout, command.Stderr = os.Stderr, os.Stderr
		if err := command.Run(); err != nil {
			return nil, fmt.Errorf("build the tests of %s: %w", pkg, err)
		}
		if _, err := os.Stat(b.file); err == nil {
			binaries = append(binaries, b)
		}
	}
	if binaries == nil {
		return nil, fmt.Errorf("there is no test in %s", strings.Join(packages, " "))
	}
	return binaries, nil
}

// run boots the image and passes on what it prints.
func run(ctx context.Context, o *options, image string, packages int) error {
	// The emulation needs nothing of this machine, which may be virtual itself.
	qemu := exec.CommandContext(ctx, "qemu-system-x86_64",
		"-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", strconv.Itoa(o.memory),
		"-kernel", o.kernel, "-initrd", image, "-append", "console=ttyS0 quiet panic=-1 "+o.commandLine,
		"-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot", "-nodefaults")
	qemu.Stderr = os.Stderr
	output, err := qemu.StdoutPipe()
	if err != nil {
		return err
	}
	if err := qemu.Start(); err != nil {
		return fmt.Errorf("boot: %w", err)
	}
	passed, failed := pass(output, os.Stdout)
	err = qemu.Wait()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("it was not over after %v", o.timeout)
	case err != nil:
		return fmt.Errorf("qemu: %w", err)
	case failed != nil:
		return fmt.Errorf("failed: %s", strings.Join(failed, " "))
	case passed != packages:
		return fmt.Errorf("the machine ended after %d of %d packages", passed, packages)
	}
	return nil
}

// What the first process of the machine says of each package begins with this.
const verdict = "kerneltest: "

// pass copies what the machine prints, and gathers what became of the packages.
func pass(from io.Reader, to io.Writer) (passed int, failed []string) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), "\r")
		switch said, ok := strings.CutPrefix(line, verdict); {
		case !ok:
			fmt.Fprintln(to, line)
		case strings.HasPrefix(said, "ok "):
			passed++
			fmt.Fprintln(to, said)
		default:
			failed = append(failed, strings.Fields(said + " ?")[1])
			fmt.Fprintln(to, said)
		}
	}
	return passed, failed
}
