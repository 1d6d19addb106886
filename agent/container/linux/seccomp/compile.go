package seccomp

import (
	"encoding/binary"
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
)

// Target is what a filter is for.
type Target struct {
	// Capabilities are those that processes may have (the bounding set), a bit each.
	Capabilities uint64
	Kernel       Version
}

// Compile makes a filter of a profile: struct sock_filter[], as the kernel takes it.
func (p *Profile) Compile(target Target) ([]byte, error) {
	filter, err := p.assemble(target)
	if err != nil {
		return nil, err
	}
	code := make([]byte, 0, len(filter)*8)
	for _, i := range filter {
		code = binary.NativeEndian.AppendUint16(code, i.op)
		code = append(code, i.yes, i.no)
		code = binary.NativeEndian.AppendUint32(code, i.k)
	}
	return code, nil
}

// applies reports whether a rule is for a target.
func (r *Rule) applies(target Target) bool {
	for _, c := range r.Includes.Capabilities {
		if target.Capabilities&(1<<c) == 0 {
			return false
		}
	}
	for _, c := range r.Excludes.Capabilities {
		if target.Capabilities&(1<<c) != 0 {
			return false
		}
	}
	if v := r.Includes.Kernel; v != nil && !target.Kernel.AtLeast(*v) {
		return false
	}
	if v := r.Excludes.Kernel; v != nil && target.Kernel.AtLeast(*v) {
		return false
	}
	return true
}

// assemble puts the filters of all architectures behind each other.
func (p *Profile) assemble(target Target) (code, error) {
	if tokens[p.Architectures[0]] == 0 {
		return nil, mesos.Errorf(mesos.Unsupported, "seccomp: no system calls are known of %s", p.Architectures[0])
	}
	filter := code{load(archAt)}
	for _, arch := range p.Architectures {
		if arch == x32 {
			continue // part of amd64's
		}
		body := code{load(numberAt)}
		if arch == "amd64" && !slices.Contains(p.Architectures, x32) {
			body = append(body, jump(atLeast, x32Bit, 0, 1), ret(killThread))
		}
		body = append(body, p.tree(arch, target)...)
		filter = append(filter, skipUnless(equal, tokens[arch], len(body))...)
		filter = append(filter, body...)
	}
	filter = append(filter, ret(killThread)) // another architecture's
	const most = 4096                        // that the kernel takes
	if len(filter) > most {
		return nil, mesos.Errorf(mesos.Invalid, "seccomp profile: a filter of %d instructions, and %d is the most", len(filter), most)
	}
	return filter, nil
}

// span is a range of numbers of system calls, from its first to that of the next,
// with what to do at them.
type span struct {
	first uint32
	code  code
	plain *Action // nil if it depends on arguments
}

// tree finds the number of a system call in the accumulator in few steps.
func (p *Profile) tree(arch string, target Target) code {
	rules := map[uint32][]*Rule{}
	for i := range p.Rules {
		rule := &p.Rules[i]
		if !rule.applies(target) {
			continue
		}
		for _, name := range rule.Names {
			for _, part := range parts(arch, p.Architectures) {
				if n, ok := number(name, part); ok {
					rules[n] = append(rules[n], rule)
				}
			}
		}
	}
	var order []uint32
	for n := range rules {
		order = append(order, n)
	}
	slices.Sort(order)
	spans := []span{p.plain(0, p.Default)}
	add := func(s span) {
		last := &spans[len(spans)-1]
		switch {
		case last.first == s.first:
			spans = spans[:len(spans)-1]
			if len(spans) > 0 && spans[len(spans)-1].sameAs(&s) {
				return
			}
		case last.sameAs(&s):
			return
		}
		spans = append(spans, s)
	}
	for _, n := range order {
		add(p.decide(n, rules[n]))
		if n+1 != 0 {
			add(p.plain(n+1, p.Default))
		}
	}
	return branch(spans)
}

// parts are the architectures that share a token.
func parts(arch string, all []string) []string {
	if arch == "amd64" && slices.Contains(all, x32) {
		return []string{arch, x32}
	}
	return []string{arch}
}

func (s *span) sameAs(other *span) bool {
	return s.plain != nil && other.plain != nil && *s.plain == *other.plain
}

func (p *Profile) plain(first uint32, action Action) span {
	return span{first: first, code: code{ret(action)}, plain: &action}
}

// decide is what to do at one system call: what the first rule says whose
// comparisons are true, then what the first rule says that has none.
func (p *Profile) decide(n uint32, rules []*Rule) span {
	last := p.Default
	for _, rule := range slices.Backward(rules) {
		if len(rule.Args) == 0 {
			last = rule.Action
		}
	}
	s := p.plain(n, last)
	var first code
	for _, rule := range rules {
		if len(rule.Args) > 0 {
			first = append(first, rule.test()...)
		}
	}
	if first != nil {
		s.code, s.plain = append(first, ret(last)), nil
	}
	return s
}
