// Kerneltest runs tests of packages in a virtual machine with another kernel: one
// on which cgroups are of version 2 only, or whatever its command line asks for.
//
//	kerneltest -kernel vmlinuz -busybox busybox ./...
//
// Of each package it takes the tests in files *_linux_test.go, which are those that
// a kernel decides, or what -run says. It builds their binaries, packs them with a
// busybox and itself into an archive that a kernel unpacks into memory, and boots
// that with qemu, in two machines. There it is the first process, runs the tests of
// one package after another, as this side hands them out, and turns the machine off.
// It prints which tests failed and what they said, and which were skipped there and
// why; it exits with 1 if one failed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	kernel, busybox string
	modules         string
	programs        string
	commandLine     string
	memory          int
	run, skip       string
	verbose, short  bool
	machines        int
	timeout         time.Duration
}

// inside is the argument with which the machine's first process starts this program
// to run the tests.
const inside = "inside"

func main() {
	if os.Getpid() == 1 {
		boot()
	}
	if len(os.Args) == 2 && os.Args[1] == inside {
		runPlan()
		return
	}
	var o options
	flag.StringVar(&o.kernel, "kernel", "", "kernel `file`")
	flag.StringVar(&o.busybox, "busybox", "", "static busybox, for the commands that tests run")
	flag.StringVar(&o.modules, "modules", "", "`files` of kernel modules to load in this order, with commas between")
	flag.StringVar(&o.programs, "programs", "", "more `programs` of this machine for tests to run, with commas between")
	flag.StringVar(&o.commandLine, "append", "cgroup_no_v1=all", "more for the kernel's command line")
	flag.IntVar(&o.memory, "memory", 2048, "`MB` of each machine")
	flag.StringVar(&o.run, "run", "", "`pattern` of tests to run, in whatever file")
	flag.StringVar(&o.skip, "skip", "", "`pattern` of tests to leave out")
	flag.BoolVar(&o.verbose, "v", false, "print what every test prints")
	flag.BoolVar(&o.short, "short", false, "leave long tests out")
	flag.IntVar(&o.machines, "p", 2, "`number` of machines")
	flag.DurationVar(&o.timeout, "timeout", 3*time.Minute, "`time` for all of the machines' work")
	flag.Parse()
	if err := test(&o, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "kerneltest:", err)
		os.Exit(1)
	}
}

// test runs the tests of packages, and returns an error if one failed.
func test(o *options, patterns []string) error {
	dir, err := os.MkdirTemp("", "kerneltest-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	packages, err := find(patterns, o.run)
	if err != nil {
		return err
	}
	if err := build(dir, packages); err != nil {
		return err
	}
	image := filepath.Join(dir, "initramfs")
	if err := pack(image, o, packages); err != nil {
		return err
	}
	return run(o, image, packages)
}

// run boots machines with the image and tells what their tests say. Each has one
// processor: where this machine has other work to do, two that wait for each other
// would do nothing else.
func run(o *options, image string, packages []*suite) error {
	// Tests end of themselves before the machines are stopped.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, o.timeout+15*time.Second)
	defer cancel()
	r := newReport(os.Stdout, packages, o.verbose)
	var wg sync.WaitGroup
	errs := make([]error, o.machines)
	for i := range errs {
		wg.Go(func() { errs[i] = runMachine(ctx, o, image, r) })
	}
	wg.Wait()
	err, failed := errors.Join(errs...), r.end()
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return errors.New("interrupted")
	case ctx.Err() != nil:
		return fmt.Errorf("it was not over after %v: %s", o.timeout, strings.Join(failed, " "))
	case err != nil:
		return fmt.Errorf("qemu: %w", err)
	case failed != nil:
		return fmt.Errorf("failed: %s", strings.Join(failed, " "))
	}
	return nil
}

// runMachine boots one machine, and hands it a package whenever it asks for one.
func runMachine(ctx context.Context, o *options, image string, r *report) error {
	// The emulation needs nothing of this machine, which may be virtual itself.
	qemu := exec.CommandContext(ctx, "qemu-system-x86_64",
		"-accel", "tcg", "-cpu", "max", "-m", strconv.Itoa(o.memory),
		"-kernel", o.kernel, "-initrd", image, "-append", "console=ttyS0 quiet loglevel=1 panic=-1 "+o.commandLine,
		"-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot", "-nodefaults")
	qemu.Stderr = os.Stderr
	input, err := qemu.StdinPipe()
	if err != nil {
		return err
	}
	output, err := qemu.StdoutPipe()
	if err != nil {
		return err
	}
	if err := qemu.Start(); err != nil {
		return fmt.Errorf("boot: %w", err)
	}
	err = r.read(output, input)
	return errors.Join(err, qemu.Wait())
}
