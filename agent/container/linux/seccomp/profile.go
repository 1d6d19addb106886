// Package seccomp reads profiles of system calls, in the format that Docker has
// for them, and compiles them to filters for the kernel.
// See https://mesos.apache.org/documentation/latest/isolators/linux-seccomp/.
package seccomp

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
)

// Profile says what the kernel does at which system call.
type Profile struct {
	Default Action
	// Architectures are those whose system calls may be made, the machine's first;
	// a call of any other kills.
	Architectures []string
	Rules         []Rule
}

// Rule is what to do at some system calls.
type Rule struct {
	Names  []string
	Action Action
	// Args are comparisons that must all be true for the rule to apply.
	Args               []Arg
	Includes, Excludes Condition
}

// Action is what the kernel does: SECCOMP_RET_ERRNO and so on, with its data.
type Action uint32

// Arg compares an argument of a system call.
type Arg struct {
	Index    int
	Op       string // "NE", "LT", "LE", "EQ", "GE", "GT" or "MASKED_EQ"
	Value    uint64 // of MASKED_EQ the mask
	ValueTwo uint64 // of MASKED_EQ what the masked argument is to be
}

// Condition tells of a rule when there is one: of what it includes everything
// must be so, of what it excludes nothing.
type Condition struct {
	Capabilities []int // by their numbers
	Kernel       *Version
}

// Version is that of a kernel.
type Version struct{ Major, Minor int }

// AtLeast reports whether v is not older than other.
func (v Version) AtLeast(other Version) bool {
	return v.Major > other.Major || v.Major == other.Major && v.Minor >= other.Minor
}

// file is a profile as it is written. Fields that tell nothing of the filter are
// known, so that a misspelt one is not taken for such.
type file struct {
	DefaultAction    *string     `json:"defaultAction"`
	DefaultErrnoRet  *uint       `json:"defaultErrnoRet"`
	Architectures    []string    `json:"architectures"`
	ArchMap          *[]fileArch `json:"archMap"`
	Syscalls         *[]fileRule `json:"syscalls"`
	Flags            []string    `json:"flags"`
	ListenerPath     string      `json:"listenerPath"`
	ListenerMetadata string      `json:"listenerMetadata"`
}

type fileArch struct {
	Architecture     *string  `json:"architecture"`
	SubArchitectures []string `json:"subArchitectures"`
}

type fileRule struct {
	Name     string        `json:"name"`
	Names    []string      `json:"names"`
	Action   *string       `json:"action"`
	ErrnoRet *uint         `json:"errnoRet"`
	Args     []fileArg     `json:"args"`
	Comment  string        `json:"comment"`
	Includes fileCondition `json:"includes"`
	Excludes fileCondition `json:"excludes"`
}

type fileArg struct {
	Index    *uint   `json:"index"`
	Value    *uint64 `json:"value"`
	ValueTwo uint64  `json:"valueTwo"`
	Op       *string `json:"op"`
}

type fileCondition struct {
	Caps      []string `json:"caps"`
	Arches    []string `json:"arches"`
	MinKernel string   `json:"minKernel"`
}

// Parse reads a profile for machines of an architecture, named as Go does.
func Parse(data []byte, arch string) (*Profile, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var f file
	if err := decoder.Decode(&f); err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "seccomp profile: %w", err)
	}
	p := &Profile{Architectures: []string{arch}}
	if err := p.take(&f); err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "seccomp profile: %w", err)
	}
	return p, nil
}

func (p *Profile) take(f *file) (err error) {
	switch {
	case f.DefaultAction == nil:
		return mesos.Errorf(mesos.Invalid, "defaultAction is missing")
	case f.ArchMap == nil && f.Architectures == nil:
		return mesos.Errorf(mesos.Invalid, "archMap is missing")
	case f.Syscalls == nil:
		return mesos.Errorf(mesos.Invalid, "syscalls is missing")
	}
	if p.Default, err = parseAction(*f.DefaultAction, f.DefaultErrnoRet); err != nil {
		return mesos.Errorf(mesos.Invalid, "defaultAction: %w", err)
	}
	if err := p.takeArchitectures(f); err != nil {
		return err
	}
	for i := range *f.Syscalls {
		rule := &(*f.Syscalls)[i]
		if err := p.takeRule(rule); err != nil {
			return mesos.Errorf(mesos.Invalid, "syscalls[%d]: %w", i, err)
		}
	}
	return nil
}

// takeArchitectures takes those that the machine's can run.
func (p *Profile) takeArchitectures(f *file) error {
	add := func(name string, native bool) error {
		arch, ok := architectures[name]
		if !ok {
			return mesos.Errorf(mesos.Invalid, "unknown architecture %q", name)
		}
		if native && tokens[arch] != 0 && !slices.Contains(p.Architectures, arch) {
			p.Architectures = append(p.Architectures, arch)
		}
		return nil
	}
	for _, name := range f.Architectures {
		if err := add(name, true); err != nil {
			return mesos.Errorf(mesos.Invalid, "architectures: %w", err)
		}
	}
	if f.ArchMap == nil {
		return nil
	}
	for i, entry := range *f.ArchMap {
		if entry.Architecture == nil {
			return mesos.Errorf(mesos.Invalid, "archMap[%d]: architecture is missing", i)
		}
		if err := add(*entry.Architecture, false); err != nil {
			return mesos.Errorf(mesos.Invalid, "archMap[%d]: %w", i, err)
		}
		native := architectures[*entry.Architecture] == p.Architectures[0]
		for _, sub := range entry.SubArchitectures {
			if err := add(sub, native); err != nil {
				return mesos.Errorf(mesos.Invalid, "archMap[%d]: %w", i, err)
			}
		}
	}
	return nil
}

// takeRule takes a rule over, if it is for this architecture.
func (p *Profile) takeRule(f *fileRule) error {
	r := Rule{Names: f.Names}
	if f.Name != "" {
		r.Names = append(slices.Clip(r.Names), f.Name)
	}
	switch {
	case len(r.Names) == 0:
		return mesos.Errorf(mesos.Invalid, "names is missing or empty")
	case f.Action == nil:
		return mesos.Errorf(mesos.Invalid, "action is missing")
	}
	included, err := p.condition(&f.Includes, &r.Includes)
	if err != nil {
		return mesos.Errorf(mesos.Invalid, "includes: %w", err)
	}
	excluded, err := p.condition(&f.Excludes, &r.Excludes)
	if err != nil {
		return mesos.Errorf(mesos.Invalid, "excludes: %w", err)
	}
	if r.Action, err = parseAction(*f.Action, f.ErrnoRet); err != nil {
		return mesos.Errorf(mesos.Invalid, "action: %w", err)
	}
	for i := range f.Args {
		arg, err := f.Args[i].parse()
		if err != nil {
			return mesos.Errorf(mesos.Invalid, "args[%d]: %w", i, err)
		}
		r.Args = append(r.Args, arg)
	}
	if len(f.Includes.Arches) > 0 && !included || len(f.Excludes.Arches) > 0 && excluded {
		return nil
	}
	for _, name := range r.Names {
		if !known(name) {
			return mesos.Errorf(mesos.Invalid, "unknown system call %q", name)
		}
	}
	p.Rules = append(p.Rules, r)
	return nil
}

// condition takes a condition over and reports whether it names this architecture.
func (p *Profile) condition(f *fileCondition, c *Condition) (arch bool, err error) {
	for _, name := range f.Arches {
		named, ok := dockerArchitectures[name]
		if !ok {
			return false, mesos.Errorf(mesos.Invalid, "unknown architecture %q", name)
		}
		arch = arch || named == p.Architectures[0]
	}
	for _, name := range f.Caps {
		number, ok := CapabilityNumber(strings.TrimPrefix(name, "CAP_"))
		if !ok || !strings.HasPrefix(name, "CAP_") {
			return false, mesos.Errorf(mesos.Invalid, "unknown capability %q", name)
		}
		c.Capabilities = append(c.Capabilities, number)
	}
	if f.MinKernel != "" {
		v, ok := ParseVersion(f.MinKernel)
		if !ok {
			return false, mesos.Errorf(mesos.Invalid, "minKernel: %q is not a version", f.MinKernel)
		}
		c.Kernel = &v
	}
	return arch, nil
}

// ParseVersion reads the first two numbers of a kernel's version.
func ParseVersion(text string) (Version, bool) {
	major, rest, _ := strings.Cut(text, ".")
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		rest = rest[:end]
	}
	a, err1 := strconv.Atoi(major)
	b, err2 := strconv.Atoi(rest)
	return Version{a, b}, err1 == nil && err2 == nil
}

// parse reads an argument's comparison.
func (f *fileArg) parse() (Arg, error) {
	const most = 6 // arguments that a system call can have
	switch {
	case f.Index == nil:
		return Arg{}, mesos.Errorf(mesos.Invalid, "index is missing")
	case *f.Index >= most:
		return Arg{}, mesos.Errorf(mesos.Invalid, "index %d: a system call has %d arguments", *f.Index, most)
	case f.Value == nil:
		return Arg{}, mesos.Errorf(mesos.Invalid, "value is missing")
	case f.Op == nil:
		return Arg{}, mesos.Errorf(mesos.Invalid, "op is missing")
	}
	op, ok := strings.CutPrefix(*f.Op, "SCMP_CMP_")
	if !ok || !slices.Contains([]string{"NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"}, op) {
		return Arg{}, mesos.Errorf(mesos.Invalid, "unknown operator %q", *f.Op)
	}
	return Arg{Index: int(*f.Index), Op: op, Value: *f.Value, ValueTwo: f.ValueTwo}, nil
}

// The actions that rules are compared by.
const (
	killThread  Action = 0
	killProcess Action = 0x80000000
	trap        Action = 0x00030000
	errno       Action = 0x00050000
	trace       Action = 0x7ff00000
	logs        Action = 0x7ffc0000
	allow       Action = 0x7fff0000
)

// parseAction reads an action; value is the error number that a forbidden call
// ends with, EPERM without one.
func parseAction(name string, value *uint) (Action, error) {
	const eperm, most = 1, 1<<16 - 1
	data := uint(eperm)
	if value != nil {
		data = min(*value, most)
	}
	switch name {
	case "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD":
		return killThread, nil
	case "SCMP_ACT_KILL_PROCESS":
		return killProcess, nil
	case "SCMP_ACT_TRAP":
		return trap, nil
	case "SCMP_ACT_ERRNO":
		return errno | Action(data), nil
	case "SCMP_ACT_TRACE":
		return trace | Action(data), nil
	case "SCMP_ACT_LOG":
		return logs, nil
	case "SCMP_ACT_ALLOW":
		return allow, nil
	}
	return 0, mesos.Errorf(mesos.Invalid, "unknown action %q", name)
}
