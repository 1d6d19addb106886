package supervise

import (
	"runtime"
	"syscall"
)

// numbers are those of system calls that package syscall does not name, or names
// on some architectures only.
type numbers struct {
	setns, memfdCreate, execveat, openat2, seccomp uintptr
	setgroups, setresuid, setresgid                uintptr // with 32-bit IDs
}

// sys has the numbers of this architecture. What is not known here answers as a
// kernel does that does not have it.
var sys = func() numbers {
	const none = 1 << 20
	switch runtime.GOARCH {
	case "amd64":
		return numbers{308, 319, 322, 437, 317, syscall.SYS_SETGROUPS, syscall.SYS_SETRESUID, syscall.SYS_SETRESGID}
	case "arm64", "riscv64", "loong64":
		return numbers{268, 279, 281, 437, 277, syscall.SYS_SETGROUPS, syscall.SYS_SETRESUID, syscall.SYS_SETRESGID}
	case "386":
		return numbers{346, 356, 358, 437, 354, 206, 208, 210}
	case "arm":
		return numbers{375, 385, 387, 437, 383, 206, 208, 210}
	case "ppc64le", "ppc64":
		return numbers{350, 360, 362, 437, 358, syscall.SYS_SETGROUPS, syscall.SYS_SETRESUID, syscall.SYS_SETRESGID}
	case "s390x":
		return numbers{339, 350, 354, 437, 348, syscall.SYS_SETGROUPS, syscall.SYS_SETRESUID, syscall.SYS_SETRESGID}
	}
	return numbers{none, none, none, none, none, syscall.SYS_SETGROUPS, syscall.SYS_SETRESUID, syscall.SYS_SETRESGID}
}()

// Numbers that are the same on every architecture.
const (
	prSetParentDeath  = 1
	prSetKeepCaps     = 8
	prCapBsetDrop     = 24
	prSetNoNewPrivs   = 38
	prCapAmbient      = 47
	prCapAmbientRaise = 2

	sysOpenTree, sysMoveMount, sysMountSetattr = 428, 429, 442

	atEmptyPath    = 0x1000
	atRecursive    = 0x8000
	openTreeClone  = 1
	moveFromFile   = 0x4  // MOVE_MOUNT_F_EMPTY_PATH
	moveToFile     = 0x40 // MOVE_MOUNT_T_EMPTY_PATH
	noSymlinks     = 0x04 // RESOLVE_NO_SYMLINKS
	resolveInRoot  = 0x10
	cloneParent    = 0x8000
	cloneFS        = 0x200
	fdCloexec      = 1
	seccompSetMode = 1 // SECCOMP_SET_MODE_FILTER
	tiocsctty      = 0x540e

	mfdCloexec, mfdAllowSealing, mfdExec    = 1, 2, 0x10
	fAddSeals                               = 1033
	sealSeal, sealShrink, sealGrow, sealMod = 1, 2, 4, 8
)
