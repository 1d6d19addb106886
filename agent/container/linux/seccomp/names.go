package seccomp

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

//go:generate go run generate.go

//go:embed syscalls.tsv
var table string

// numbers are those of system calls by their names, and by architecture.
var numbers = sync.OnceValue(func() map[string]map[string]uint32 {
	lines := strings.Split(strings.TrimSpace(table), "\n")
	columns := strings.Split(lines[0], "\t")
	all := make(map[string]map[string]uint32, len(lines))
	for _, line := range lines[1:] {
		fields := strings.Split(line, "\t")
		row := map[string]uint32{}
		for i, field := range fields[1:] {
			if n, err := strconv.ParseUint(field, 10, 32); err == nil { // else there is none
				row[columns[i+1]] = uint32(n)
			}
		}
		all[fields[0]] = row
	}
	return all
})

func known(name string) bool {
	_, ok := numbers()[name]
	return ok
}

// x32 is amd64 with short pointers: its system calls are amd64's with a bit.
const (
	x32    = "x32"
	x32Bit = 0x40000000
)

// number is that of a system call of an architecture.
func number(name, arch string) (uint32, bool) {
	bit := uint32(0)
	if arch == x32 {
		arch, bit = "amd64", x32Bit
	}
	n, ok := numbers()[name][arch]
	return n | bit, ok
}

// other is an architecture for which no filters are made.
const other = "other"

// architectures are Go's names for those of profiles.
var architectures = map[string]string{
	"SCMP_ARCH_X86_64": "amd64", "SCMP_ARCH_X86": "386", "SCMP_ARCH_X32": x32,
	"SCMP_ARCH_AARCH64": "arm64", "SCMP_ARCH_ARM": "arm",
	"SCMP_ARCH_RISCV64": "riscv64", "SCMP_ARCH_PPC64LE": "ppc64le",
	"SCMP_ARCH_MIPS": other, "SCMP_ARCH_MIPSEL": other, "SCMP_ARCH_MIPS64": other, "SCMP_ARCH_MIPSEL64": other,
	"SCMP_ARCH_MIPS64N32": other, "SCMP_ARCH_MIPSEL64N32": other, "SCMP_ARCH_PPC": other, "SCMP_ARCH_PPC64": other,
	"SCMP_ARCH_S390": other, "SCMP_ARCH_S390X": other, "SCMP_ARCH_PARISC": other, "SCMP_ARCH_PARISC64": other,
	"SCMP_ARCH_LOONGARCH64": other,
}

// dockerArchitectures are Go's names for those of conditions.
var dockerArchitectures = map[string]string{
	"amd64": "amd64", "x86": "386", x32: x32, "arm64": "arm64", "arm": "arm", "riscv64": "riscv64", "ppc64le": "ppc64le",
	"mips": other, "mipsel": other, "mips64": other, "mipsel64": other, "mips64n32": other, "mipsel64n32": other,
	"ppc": other, "ppc64": other, "s390": other, "s390x": other, "parisc": other, "parisc64": other, "loong64": other,
	"loongarch64": other,
}

// tokens are the kernel's names for architectures: AUDIT_ARCH_X86_64 and so on.
var tokens = map[string]uint32{
	"amd64": 0xc000003e, x32: 0xc000003e, "386": 0x40000003, "arm64": 0xc00000b7, "arm": 0x40000028,
	"riscv64": 0xc00000f3, "ppc64le": 0xc0000015,
}

// CapabilityNumber is the kernel's number of a capability such as "NET_RAW".
func CapabilityNumber(name string) (int, bool) {
	const first = int32(mesospb.CapabilityInfo_CHOWN)
	n, ok := mesospb.CapabilityInfo_Capability_value[name]
	return int(n - first), ok && n >= first
}
