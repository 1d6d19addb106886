//go:build amd64 || arm64

package supervise

import (
	"errors"
	"os"
	"syscall"
	"unsafe"
)

// The tiny process is an executable of a few hundred bytes without a library,
// whose code is in tiny_linux_*.s and which lives in a file in memory that nobody can
// change. It takes a program's system calls one after the other. At a clone
// it stays behind as the parent: the first process of a pid namespace, which reaps
// whatever is left to it, and ends as the command does, with which the kernel ends
// everything in the namespace. Beside its stack it then has one page, which it shares
// with all of its kind.
//
// It finds the program in file 3, sends what failed to file 4, and writes to
// file 5 how the command ended, as wait(2) encodes it.

// tinyAddress is where the code is in this process.
var tinyAddress *[tinySize]byte

// tinySize is more than the code has. What follows is other code, never reached.
const tinySize = 512

// tinyFile makes the executable.
func tinyFile() (*os.File, error) {
	f, err := memoryFile("mesosctl tiny", mfdAllowSealing|mfdExec)
	if errors.Is(err, syscall.EINVAL) { // a kernel in which every file in memory is executable
		f, err = memoryFile("mesosctl tiny", mfdAllowSealing)
	}
	if err != nil {
		return nil, err
	}
	if _, err = f.Write(append(tinyHeader(), tinyAddress[:]...)); err == nil {
		err = seal(f)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// tinyHeader is what an ELF executable begins with: one segment, the whole file.
func tinyHeader() []byte {
	const (
		at       = 0x400000
		file, ph = 64, 56
		size     = file + 2*ph + tinySize
		load     = 1
		stack    = 0x6474e551
	)
	h := header{}
	h.bytes(0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	h.numbers(2, 2, uint64(tinyMachine), 2, 1, 4)                  // an executable of this version
	h.numbers(at+file+2*ph, 8, file, 8, 0, 8)                      // entry, program headers, no sections
	h.numbers(0, 4, file, 2, ph, 2, 2, 2, 0, 2, 0, 2, 0, 2)        // sizes and counts
	h.numbers(load, 4, 5, 4, 0, 8, at, 8, at, 8, size, 8, size, 8) // read and execute
	h.numbers(0x10000, 8)
	h.numbers(stack, 4, 6, 4, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 16, 8) // not executable
	return h
}

// header is bytes that grow by numbers, little end first.
type header []byte

func (h *header) bytes(b ...byte) { *h = append(*h, b...) }

// numbers appends numbers, each followed by how many bytes it takes.
func (h *header) numbers(pairs ...uint64) {
	for i := 0; i < len(pairs); i += 2 {
		for b := range pairs[i+1] {
			*h = append(*h, byte(pairs[i]>>(8*b)))
		}
	}
}

// seal makes a file in memory unchangeable.
func seal(f *os.File) error {
	_, _, errno := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), fAddSeals, sealSeal|sealShrink|sealGrow|sealMod)
	if errno != 0 {
		return errno
	}
	return nil
}

// execTiny makes this process the tiny one of a container, which runs p. It comes
// back only with a failure.
func (p *program) execTiny(tiny int, container string) *failure {
	file, err := p.file()
	if err != nil {
		return failed("write down what is left to do", err)
	}
	if err := syscall.Dup3(int(file.Fd()), processFD, 0); err != nil {
		return failed("hand over what is left to do", err)
	}
	name := []byte("mesosctl init\x00")
	marker := []byte(Marker + "=" + container + "\x00")
	argv, envp, empty := [2]*byte{&name[0]}, [2]*byte{&marker[0]}, [1]byte{}
	_, _, errno := syscall.RawSyscall6(sys.execveat, uintptr(tiny), uintptr(unsafe.Pointer(&empty)),
		uintptr(unsafe.Pointer(&argv)), uintptr(unsafe.Pointer(&envp)), atEmptyPath, 0)
	return failed("run the init process", errno)
}

// spawnTiny has a child run p, which has to end it.
func (p *program) spawnTiny(tiny int) error {
	file, err := p.file()
	if err != nil {
		return err
	}
	defer file.Close()
	var from *os.File
	report, err := pipe(nil, &from)
	if err != nil {
		return err
	}
	defer from.Close()
	pid, err := syscall.ForkExec(fdPath(tiny), []string{"mesosctl init"}, &syscall.ProcAttr{
		Files: []uintptr{0, 1, 2, file.Fd(), report.Fd()},
	})
	report.Close()
	if err != nil {
		return err
	}
	m, failed := ReadMessage(from)
	var status syscall.WaitStatus
	for {
		_, err = syscall.Wait4(pid, &status, 0, nil)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	switch {
	case failed == nil:
		return syscall.Errno(m.Errno)
	case err == nil && status != 0:
		return syscall.EINTR
	}
	return err
}
