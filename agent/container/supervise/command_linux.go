package supervise

import (
	"syscall"
	"unsafe"
)

// command adds what is left to do until p's command runs: what a process does to
// itself. The working directory and the file system are p's already.
func (r *program) command(p *Process) {
	r.add("begin a session", syscall.SYS_SETSID).tolerated = uint64(syscall.EPERM) // it leads one
	if p.Terminal != nil {
		r.add("take the terminal", syscall.SYS_IOCTL, 0, tiocsctty, 0)
	}
	for _, limit := range p.Rlimits {
		r.add("set resource limit "+limit.name(), syscall.SYS_PRLIMIT64, 0, uint64(limit.Resource), r.rlimit(limit), 0)
	}
	r.identity(p)
	r.exec(p)
}

// identity adds whom the command runs as and what it may do. A filter of system
// calls comes as late as it can: without no_new_privs, setting it takes a
// capability that the command may not keep.
func (r *program) identity(p *Process) {
	held, changes := heldCapabilities(), p.User != nil && int(p.User.UID) != syscall.Geteuid()
	if p.Capabilities != nil {
		r.bound(p.Capabilities.Bounding)
	}
	if p.User != nil {
		r.user(p.User)
	}
	keep := p.Capabilities
	if keep == nil && changes {
		keep = &Capabilities{}
	}
	if p.NoNewPrivileges {
		r.keep(keep)
		r.add("set no_new_privs", syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0)
		r.filter(p.Seccomp)
		return
	}
	if changes {
		r.capset("raise capabilities for a moment", held.Permitted, held.Permitted, held.Inheritable)
	}
	r.filter(p.Seccomp)
	r.keep(keep)
}

// bound adds the end of every capability that is not in set.
func (r *program) bound(set uint64) {
	for c := range uint64(64) {
		if set&(1<<c) == 0 {
			r.add("drop capability "+itoa(int(c)), syscall.SYS_PRCTL, prCapBsetDrop, c, 0, 0, 0).tolerated = uint64(syscall.EINVAL)
		}
	}
}

// user adds the change to a user, which keeps the capabilities that are permitted.
func (r *program) user(u *User) {
	r.add("keep capabilities", syscall.SYS_PRCTL, prSetKeepCaps, 1, 0, 0, 0)
	r.add("set groups", sys.setgroups, uint64(len(u.Groups)), r.halves(u.Groups...))
	r.add("set group", sys.setresgid, uint64(u.GID), uint64(u.GID), uint64(u.GID))
	r.add("set user", sys.setresuid, uint64(u.UID), uint64(u.UID), uint64(u.UID))
}

// keep adds the command's capabilities; nil leaves them.
func (r *program) keep(c *Capabilities) {
	if c == nil {
		return
	}
	r.capset("set capabilities", c.Effective, c.Permitted, c.Inheritable)
	for n := range uint64(64) {
		if c.Ambient&(1<<n) != 0 {
			r.add("set ambient capability "+itoa(int(n)), syscall.SYS_PRCTL, prCapAmbient, prCapAmbientRaise, n, 0, 0)
		}
	}
}

const capabilityVersion = 0x20080522 // _LINUX_CAPABILITY_VERSION_3: 64 bits

func (r *program) capset(what string, effective, permitted, inheritable uint64) {
	header := r.halves(capabilityVersion, 0)
	data := r.halves(uint32(effective), uint32(permitted), uint32(inheritable),
		uint32(effective>>32), uint32(permitted>>32), uint32(inheritable>>32))
	r.add(what, syscall.SYS_CAPSET, header, data)
}

// heldCapabilities are those of this thread. A kernel always knows.
func heldCapabilities() Capabilities {
	header, data := [2]uint32{capabilityVersion}, [6]uint32{}
	_, _, _ = syscall.RawSyscall(syscall.SYS_CAPGET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data)), 0)
	return Capabilities{
		Effective:   uint64(data[0]) | uint64(data[3])<<32,
		Permitted:   uint64(data[1]) | uint64(data[4])<<32,
		Inheritable: uint64(data[2]) | uint64(data[5])<<32,
	}
}

// filter adds a filter of system calls.
func (r *program) filter(filter []byte) {
	if filter == nil {
		return
	}
	const instruction = 8
	program := r.words(uint64(len(filter)/instruction), r.bytes(filter)) // struct sock_fprog
	r.add("set the filter of system calls", sys.seccomp, seccompSetMode, 0, program)
}

// exec adds the exec, and a shell's in case it is a script without a first line.
func (r *program) exec(p *Process) {
	path, args := lookup(p)
	env := r.strings(p.Env)
	r.add("run "+p.Path, syscall.SYS_EXECVE, r.string(path), r.strings(args), env).tolerated = uint64(syscall.ENOEXEC)
	path, args = script(path, args)
	r.add("run "+p.Path, syscall.SYS_EXECVE, r.string(path), r.strings(args), env)
}

// rlimit puts a struct rlimit64 into the program's memory.
func (r *program) rlimit(limit Rlimit) uint64 {
	return r.halves(low(limit.Soft), high(limit.Soft), low(limit.Hard), high(limit.Hard))
}

// low and high are the halves of a 64-bit number as they lie in memory.
func low(v uint64) uint32  { return (*[2]uint32)(unsafe.Pointer(&v))[0] }
func high(v uint64) uint32 { return (*[2]uint32)(unsafe.Pointer(&v))[1] }

// name is how people call a limit.
func (r Rlimit) name() string {
	names := []string{"cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as", "locks",
		"sigpending", "msgqueue", "nice", "rtprio", "rttime"}
	if r.Resource >= 0 && r.Resource < len(names) {
		return names[r.Resource]
	}
	return itoa(r.Resource)
}
