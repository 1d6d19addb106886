package supervise

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// A program is a list of system calls: what is left to do when everything that
// takes thought has been done. It is run either by the process that made it, or by
// the tiny process (tiny_linux.go), which can do nothing else.
type program struct {
	calls []call
	// foreign is set if another process is to run it. It is then laid out as
	// memory at programBase, in which strings and structures have their addresses
	// already: first the calls, then from programData on what they point to.
	foreign bool
	data    []byte
	kept    [][]byte // of a program for this process: what the calls point to
}

const (
	programBase = 0x40000000
	programData = programBase + 64<<10
	programSize = maxMessage // that is mapped; a program is shorter
)

// call is one system call. A program ends at the first that fails with another
// error than tolerated, on which who waits for the exec is told what failed.
type call struct {
	number    uint64
	arguments [6]uint64
	tolerated uint64 // an error number; 0: none
	what      string // step and object
}

const (
	// callHold in place of a number is not a system call: wait to be killed.
	callHold = ^uint64(0)
	// callSize is that of a call in the tiny process's memory: number, arguments,
	// tolerated, and address and length of the message.
	callSize = 80
)

// add appends a call.
func (p *program) add(what string, number uintptr, arguments ...uint64) *call {
	c := call{number: uint64(number), what: what}
	copy(c.arguments[:], arguments)
	p.calls = append(p.calls, c)
	return &p.calls[len(p.calls)-1]
}

// failureMessage is a Message with What and an error number that fills its bytes 8
// and 9 whatever it is.
func failureMessage(what string) []byte {
	e := encoder{buf: make([]byte, 4, 64)}
	e.uint(0)    // Seq
	e.string("") // Container
	e.uint(0)    // Pids
	e.uint(0)    // Status
	e.buf = append(e.buf, 0x80, 0)
	e.string(what)
	n := len(e.buf) - 4
	e.buf[0], e.buf[1], e.buf[2], e.buf[3] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	return e.buf
}

// bytes puts b into the program's memory and returns its address.
func (p *program) bytes(b []byte) uint64 {
	if !p.foreign {
		b = append(b, 0) // not to be empty
		p.kept = append(p.kept, b)
		return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b))))
	}
	for len(p.data)%8 != 0 {
		p.data = append(p.data, 0)
	}
	address := programData + uint64(len(p.data))
	p.data = append(p.data, b...)
	return address
}

// string puts a C string into the program's memory.
func (p *program) string(s string) uint64 { return p.bytes(append([]byte(s), 0)) }

// words puts machine words into the program's memory.
func (p *program) words(words ...uint64) uint64 {
	var b []byte
	for _, w := range words {
		word := uintptr(w)
		b = append(b, unsafe.Slice((*byte)(unsafe.Pointer(&word)), unsafe.Sizeof(word))...)
	}
	return p.bytes(b)
}

// halves puts 32-bit words into the program's memory.
func (p *program) halves(words ...uint32) uint64 {
	var b []byte
	for _, w := range words {
		b = append(b, unsafe.Slice((*byte)(unsafe.Pointer(&w)), 4)...)
	}
	return p.bytes(b)
}

// strings puts a list as of argv into the program's memory.
func (p *program) strings(list []string) uint64 {
	words := make([]uint64, 0, len(list)+1)
	for _, s := range list {
		words = append(words, p.string(s))
	}
	return p.words(append(words, 0)...)
}

// file is the program in a file in memory, for the tiny process.
func (p *program) file() (*os.File, error) {
	words := make([]uint64, 0, len(p.calls)*callSize/8)
	for i := range p.calls {
		c := &p.calls[i]
		m := failureMessage(c.what)
		words = append(words, c.number)
		words = append(words, c.arguments[:]...)
		words = append(words, c.tolerated, p.bytes(m), uint64(len(m)))
	}
	if len(words)*8 > programData-programBase || len(p.data) > programSize-(programData-programBase) {
		return nil, syscall.E2BIG
	}
	f, err := memoryFile("mesosctl program", 0)
	if err != nil {
		return nil, err
	}
	calls := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(words)*8)
	if _, err = f.WriteAt(calls, 0); err == nil {
		_, err = f.WriteAt(p.data, programData-programBase)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// run runs the program in this process, on this thread, and comes back only if a
// call fails, which it returns.
func (p *program) run() *failure {
	for i := range p.calls {
		c := &p.calls[i]
		a := &c.arguments
		_, _, errno := syscall.RawSyscall6(uintptr(c.number), uintptr(a[0]), uintptr(a[1]), uintptr(a[2]),
			uintptr(a[3]), uintptr(a[4]), uintptr(a[5]))
		if errno != 0 && uint64(errno) != c.tolerated {
			return &failure{errno, c.what}
		}
	}
	runtime.KeepAlive(p.kept)
	return &failure{syscall.ENOEXEC, "run a program that does not end"}
}

// memoryFile makes a file in memory that is not inherited.
func memoryFile(name string, flags uintptr) (*os.File, error) {
	p, err := syscall.BytePtrFromString(name)
	if err != nil {
		return nil, err
	}
	fd, _, errno := syscall.Syscall(sys.memfdCreate, uintptr(unsafe.Pointer(p)), mfdCloexec|flags, 0)
	if errno != 0 {
		return nil, errno
	}
	return os.NewFile(fd, name), nil
}
