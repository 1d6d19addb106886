package seccomp

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	docker "github.com/moby/profiles/seccomp"
	"golang.org/x/net/bpf"
	"pgregory.net/rapid"
)

const example = `{
  "defaultAction": "SCMP_ACT_ERRNO",
  "archMap": [
    {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]},
    {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]}
  ],
  "syscalls": [
    {"names": ["accept", "writev"], "action": "SCMP_ACT_ALLOW", "args": [], "comment": "", "includes": {}, "excludes": {}},
    {"names": ["clone"], "action": "SCMP_ACT_ALLOW",
     "args": [{"index": 0, "value": 2080505856, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}],
     "comment": "", "includes": {}, "excludes": {"caps": ["CAP_SYS_ADMIN"], "arches": ["s390", "s390x"]}},
    {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [], "includes": {"arches": ["s390"]}, "excludes": {}}
  ]
}`

// covers: SeccompParserTest.SECCOMP_ParseSeccompProfile
func TestParse(t *testing.T) {
	p, err := Parse([]byte(example), "amd64")
	want := &Profile{
		Default: errno | 1, Architectures: []string{"amd64", "386", "x32"},
		Rules: []Rule{
			{Names: []string{"accept", "writev"}, Action: allow},
			{
				Names: []string{"clone"}, Action: allow,
				Args:     []Arg{{Index: 0, Op: "MASKED_EQ", Value: 2080505856}},
				Excludes: Condition{Capabilities: []int{21}},
			},
		},
	}
	if diff := cmp.Diff(want, p); err != nil || diff != "" {
		t.Errorf("parse: %v %s", err, diff)
	}
	if p, err := Parse([]byte(example), "arm64"); err != nil || !cmp.Equal(p.Architectures, []string{"arm64", "arm"}) {
		t.Errorf("parse for arm64 = %+v, %v", p, err)
	}
}

// covers: SeccompParserTest.SECCOMP_ParseInvalidSeccompProfile
func TestParseInvalid(t *testing.T) {
	for _, c := range []struct{ replace, with, want string }{
		{`"defaultAction"`, `"defaultAction!!BUG"`, "defaultAction!!BUG"},
		{`"archMap"`, `"archMap!!BUG"`, "archMap!!BUG"},
		{`"syscalls"`, `"syscalls!!BUG"`, "syscalls!!BUG"},
		{`"defaultAction": "SCMP_ACT_ERRNO",`, ``, "defaultAction is missing"},
		{`"SCMP_ACT_ERRNO"`, `"SCMP_ACT_!!BUG"`, `unknown action "SCMP_ACT_!!BUG"`},
		{`"SCMP_ARCH_X86_64"`, `"SCMP_ARCH_!!BUG"`, `unknown architecture "SCMP_ARCH_!!BUG"`},
		{`"SCMP_ARCH_X32"`, `"SCMP_ARCH_!!BUG"`, `unknown architecture "SCMP_ARCH_!!BUG"`},
		{`"subArchitectures"`, `"subArchitectures!!BUG"`, "subArchitectures!!BUG"},
		{`"names"`, `"names!!BUG"`, "names!!BUG"},
		{`"names": ["clone"],`, ``, "syscalls[1]: names is missing"},
		{`"action": "SCMP_ACT_ALLOW",`, ``, "syscalls[0]: action is missing"},
		{`"action"`, `"action!!BUG"`, "action!!BUG"},
		{`"args"`, `"args!!BUG"`, "args!!BUG"},
		{`"includes"`, `"includes!!BUG"`, "includes!!BUG"},
		{`"excludes"`, `"excludes!!BUG"`, "excludes!!BUG"},
		{`"writev"`, `"writev!!BUG"`, `unknown system call "writev!!BUG"`},
		{`"action": "SCMP_ACT_ALLOW"`, `"action": "SCMP_ACT_!!BUG"`, `syscalls[0]: action: unknown action "SCMP_ACT_!!BUG"`},
		{`"index": 0,`, ``, "args[0]: index is missing"},
		{`"index": 0,`, `"index": 6,`, "args[0]: index 6"},
		{`"value": 2080505856,`, ``, "args[0]: value is missing"},
		{`"valueTwo"`, `"valueTwo!!BUG"`, "valueTwo!!BUG"},
		{`, "op": "SCMP_CMP_MASKED_EQ"`, ``, "args[0]: op is missing"},
		{`"SCMP_CMP_MASKED_EQ"`, `"SCMP_CMP_MASKED_EQ!!BUG"`, `unknown operator "SCMP_CMP_MASKED_EQ!!BUG"`},
		{`"s390x"`, `"amd64!!SPECTRE"`, `excludes: unknown architecture "amd64!!SPECTRE"`},
		{`"CAP_SYS_ADMIN"`, `"CAP_SYS_ADMIN!!BUG"`, `unknown capability "CAP_SYS_ADMIN!!BUG"`},
		{`"CAP_SYS_ADMIN"`, `"SYS_ADMIN"`, `unknown capability "SYS_ADMIN"`},
	} {
		profile := strings.Replace(example, c.replace, c.with, 1)
		if _, err := Parse([]byte(profile), "amd64"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("parse with %s for %s = %v, want %q", c.with, c.replace, err, c.want)
		}
	}
}

// machine runs a filter as the kernel does.
type machine struct {
	t  testing.TB
	vm *bpf.VM
}

func newMachine(t testing.TB, p *Profile, target Target) machine {
	code, err := p.Compile(target)
	if err != nil {
		t.Fatal(err)
	}
	var raw []bpf.RawInstruction
	for len(code) > 0 {
		raw = append(raw, bpf.RawInstruction{
			Op: binary.NativeEndian.Uint16(code), Jt: code[2], Jf: code[3], K: binary.NativeEndian.Uint32(code[4:]),
		})
		code = code[8:]
	}
	program, ok := bpf.Disassemble(raw)
	if !ok {
		t.Fatal("the filter has instructions that nobody knows")
	}
	vm, err := bpf.NewVM(program)
	if err != nil {
		t.Fatal(err)
	}
	return machine{t, vm}
}

// call is what the filter says of a system call. The machine reads words as a
// network has them.
func (m machine) call(token, number uint32, args ...uint64) Action {
	var words [16]uint32
	words[0], words[1] = number, token
	for i, arg := range args {
		words[4+2*i], words[5+2*i] = uint32(arg), uint32(arg>>32)
	}
	var packet []byte
	for _, w := range words {
		packet = binary.BigEndian.AppendUint32(packet, w)
	}
	action, err := m.vm.Run(packet)
	if err != nil {
		m.t.Fatal(err)
	}
	return Action(uint32(action))
}

func TestDockersProfile(t *testing.T) {
	text, err := json.Marshal(docker.DefaultProfile())
	if err != nil {
		t.Fatal(err)
	}
	for arch := range tokens {
		if arch == x32 {
			continue
		}
		p, err := Parse(text, arch)
		if err != nil {
			t.Errorf("%s: %v", arch, err)
			continue
		}
		few := newMachine(t, p, Target{Kernel: Version{6, 1}})
		all := newMachine(t, p, Target{Capabilities: 1<<41 - 1, Kernel: Version{6, 1}})
		for name, want := range map[string][2]Action{
			"read": {allow, allow}, "execve": {allow, allow}, "mount": {errno | 1, allow}, "setns": {errno | 1, allow},
			"ptrace": {allow, allow}, "reboot": {errno | 1, allow}, "keyctl": {errno | 1, errno | 1}, "clone3": {errno | 38, allow},
		} {
			n, ok := number(name, arch)
			if !ok {
				t.Errorf("%s has no %s", arch, name)
			}
			if got := few.call(tokens[arch], n); got != want[0] {
				t.Errorf("%s: %s without capabilities = %#x, want %#x", arch, name, got, want[0])
			}
			if got := all.call(tokens[arch], n); got != want[1] {
				t.Errorf("%s: %s with all = %#x, want %#x", arch, name, got, want[1])
			}
		}
		if clone, _ := number("clone", arch); few.call(tokens[arch], clone, 0x10000000) != errno|1 || few.call(tokens[arch], clone, 17) != allow {
			t.Errorf("%s: a user namespace can be made, or no process", arch)
		}
		old := newMachine(t, p, Target{Kernel: Version{4, 7}})
		if n, _ := number("ptrace", arch); old.call(tokens[arch], n) != errno|1 {
			t.Errorf("%s: ptrace is allowed on a kernel of 4.7", arch)
		}
		if got := all.call(0xdead, 0); got != killThread {
			t.Errorf("%s: a call of another architecture = %#x", arch, got)
		}
	}
}

func TestCallsOfOtherArchitectures(t *testing.T) {
	p, err := Parse([]byte(example), "amd64")
	if err != nil {
		t.Fatal(err)
	}
	m := newMachine(t, p, Target{})
	writev := map[string]uint32{"amd64": 20, "386": 146, x32: x32Bit | 20}
	for arch, n := range writev {
		if got := m.call(tokens[arch], n); got != allow {
			t.Errorf("writev of %s = %#x", arch, got)
		}
	}
	p.Architectures = []string{"amd64"}
	m = newMachine(t, p, Target{})
	if got := m.call(tokens[x32], x32Bit|20); got != killThread {
		t.Errorf("writev of x32 = %#x", got)
	}
	if got := m.call(tokens["386"], 146); got != killThread {
		t.Errorf("writev of 386 = %#x", got)
	}
}

// holds is what Arg means, without halves.
func (a Arg) holds(v uint64) bool {
	switch a.Op {
	case "EQ":
		return v == a.Value
	case "NE":
		return v != a.Value
	case "LT":
		return v < a.Value
	case "LE":
		return v <= a.Value
	case "GT":
		return v > a.Value
	case "GE":
		return v >= a.Value
	}
	return v&a.Value == a.ValueTwo
}

// says is what a profile means, rule by rule.
func (p *Profile) says(name string, args []uint64) Action {
	last, found := p.Default, false
	for _, r := range p.Rules {
		if r.Names[0] != name {
			continue
		}
		if len(r.Args) == 0 {
			if !found {
				last, found = r.Action, true
			}
			continue
		}
	}
	for _, r := range p.Rules {
		holds := r.Names[0] == name && len(r.Args) > 0
		for _, a := range r.Args {
			holds = holds && a.holds(args[a.Index])
		}
		if holds {
			return r.Action
		}
	}
	return last
}

// A filter says what its profile means, whatever the rules and the arguments.
func TestFilterMeansItsProfile(t *testing.T) {
	names := []string{"read", "write", "open", "close", "clone", "socket", "mount", "bpf", "statx"}
	value := rapid.OneOf(rapid.SampledFrom([]uint64{0, 1, 2, 1 << 31, 1<<32 - 1, 1 << 32, 1<<32 + 1, 1<<64 - 1}), rapid.Uint64())
	arg := rapid.Custom(func(t *rapid.T) Arg {
		return Arg{
			Index: rapid.IntRange(0, 5).Draw(t, "index"), Value: value.Draw(t, "value"), ValueTwo: value.Draw(t, "valueTwo"),
			Op: rapid.SampledFrom([]string{"NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"}).Draw(t, "op"),
		}
	})
	action := rapid.SampledFrom([]Action{allow, errno | 1, errno | 38, trap, killProcess, logs})
	rule := rapid.Custom(func(t *rapid.T) Rule {
		return Rule{
			Names:  []string{rapid.SampledFrom(names).Draw(t, "name")},
			Action: action.Draw(t, "action"), Args: rapid.SliceOfN(arg, 0, 3).Draw(t, "args"),
		}
	})
	rapid.Check(t, func(r *rapid.T) {
		p := &Profile{
			Default: action.Draw(r, "default"), Architectures: []string{"amd64", "386"},
			Rules: rapid.SliceOfN(rule, 0, 40).Draw(r, "rules"),
		}
		m := newMachine(t, p, Target{})
		for range 10 {
			name := rapid.SampledFrom(names).Draw(r, "call")
			args := rapid.SliceOfN(value, 6, 6).Draw(r, "arguments")
			n, _ := number(name, "amd64")
			if got, want := m.call(tokens["amd64"], n, args...), p.says(name, args); got != want {
				r.Fatalf("%s(%v) = %#x, want %#x", name, args, got, want)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(example))
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := Parse(data, "amd64"); err == nil {
			if _, err := p.Compile(Target{}); err != nil && !strings.Contains(err.Error(), "instructions") {
				t.Error(err)
			}
		}
	})
}

func ExampleParse() {
	p, err := Parse([]byte(`{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
	  {"names": ["uname"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}`), "amd64")
	fmt.Println(err, p.Rules[0].Names)
	// Output: <nil> [uname]
}
