//go:build amd64 || arm64

package supervise

import (
	"bytes"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// tinyRun is what the tiny process did with a program.
type tinyRun struct {
	stdout         string
	failed, status []byte
	code           int
}

// runTiny runs a program in a tiny process.
func runTiny(t *testing.T, p *program) (run tinyRun) {
	t.Helper()
	tiny, err := tinyFile()
	if err != nil {
		t.Fatal(err)
	}
	defer tiny.Close()
	file, err := p.file()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var out bytes.Buffer
	files := []*os.File{file}
	for range 2 {
		f, err := os.Create(t.TempDir() + "/file")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files = append(files, f)
	}
	command := exec.Cmd{Path: "/proc/self/fd/6", Args: []string{"tiny"}, Stdout: &out, ExtraFiles: append(files, tiny)}
	err = command.Run()
	if exit := command.ProcessState; exit == nil {
		t.Fatal(err)
	} else {
		run.code = exit.ExitCode()
	}
	run.stdout = out.String()
	for i, to := range []*[]byte{&run.failed, &run.status} {
		if *to, err = os.ReadFile(files[1+i].Name()); err != nil {
			t.Fatal(err)
		}
	}
	return run
}

// say has a program write something.
func say(p *program, text string) {
	p.add("say", syscall.SYS_WRITE, 1, p.bytes([]byte(text)), uint64(len(text)))
}

// It makes the calls one after the other, stays behind as the parent of the process
// that goes on with them, and tells how that ended.
func TestTinyProcess(t *testing.T) {
	for want, end := range map[syscall.WaitStatus]func(p *program){
		7 << 8: func(p *program) { p.add("end", syscall.SYS_EXIT_GROUP, 7) },
		9:      func(p *program) { p.add("kill", syscall.SYS_KILL, 0, uint64(syscall.SIGKILL)) },
	} {
		p := &program{foreign: true}
		say(p, "before ")
		p.add("apart", syscall.SYS_SETSID) // for a signal to reach no other
		p.add("not there", syscall.SYS_CHDIR, p.string("/nowhere")).tolerated = uint64(syscall.ENOENT)
		p.add("clone", syscall.SYS_CLONE, uint64(syscall.SIGCHLD))
		p.add("its own group", syscall.SYS_SETPGID)
		say(p, "after")
		end(p)
		run := runTiny(t, p)
		code := want.ExitStatus()
		if want.Signaled() {
			code = 128 + int(want.Signal())
		}
		if run.stdout != "before after" || len(run.failed) != 0 || run.code != code || !bytes.Equal(run.status, []byte{byte(want), byte(want >> 8), 0, 0}) {
			t.Errorf("%v: %+v, want code %d", want, run, code)
		}
	}
}

// The first call that fails ends it, and it tells which one, and why.
func TestTinyProcessThatFails(t *testing.T) {
	p := &program{foreign: true}
	say(p, "before")
	p.add("walk to nowhere", syscall.SYS_CHDIR, p.string("/nowhere"))
	say(p, "after")
	run := runTiny(t, p)
	m, err := ReadMessage(bytes.NewReader(run.failed))
	if run.stdout != "before" || err != nil || m.What != "walk to nowhere" || syscall.Errno(m.Errno) != syscall.ENOENT || run.code != 1 {
		t.Errorf("%+v, message %+v, %v", run, m, err)
	}
}

// One that holds a namespace has closed its files, and waits to be killed.
func TestTinyProcessThatHolds(t *testing.T) {
	p := &program{foreign: true}
	say(p, "held")
	p.add("die", syscall.SYS_SETITIMER, 0, p.words(0, 0, 0, 50_000), 0) // after 50 ms a SIGALRM ends it
	p.calls = append(p.calls, call{number: callHold})
	if run := runTiny(t, p); run.stdout != "held" || len(run.failed) != 0 || len(run.status) != 0 || run.code != -1 {
		t.Errorf("%+v", run)
	}
}
