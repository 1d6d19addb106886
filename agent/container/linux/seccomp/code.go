package seccomp

// code is a program of the kernel's classic packet filter, whose packet is struct
// seccomp_data: the number of the system call, the architecture, the instruction
// pointer and the arguments.
type code []instruction

type instruction struct {
	op      uint16
	yes, no uint8 // of a jump: how many instructions to skip
	k       uint32
}

// Operations.
const (
	opLoad uint16 = 0x20 // BPF_LD | BPF_W | BPF_ABS
	opAnd  uint16 = 0x54 // BPF_ALU | BPF_AND | BPF_K
	opSkip uint16 = 0x05 // BPF_JMP | BPF_JA
	opRet  uint16 = 0x06 // BPF_RET | BPF_K

	equal   uint16 = 0x15 // BPF_JMP | BPF_JEQ | BPF_K
	greater uint16 = 0x25 // BPF_JMP | BPF_JGT | BPF_K
	atLeast uint16 = 0x35 // BPF_JMP | BPF_JGE | BPF_K
)

// Where the fields of struct seccomp_data are.
const (
	numberAt, archAt = 0, 4
	argsAt, argSize  = 16, 8
)

func load(at uint32) instruction    { return instruction{op: opLoad, k: at} }
func and(mask uint32) instruction   { return instruction{op: opAnd, k: mask} }
func ret(action Action) instruction { return instruction{op: opRet, k: uint32(action)} }
func skip(n int) instruction        { return instruction{op: opSkip, k: uint32(n)} }
func jump(op uint16, k uint32, yes, no uint8) instruction {
	return instruction{op: op, k: k, yes: yes, no: no}
}

// near is the longest skip of a comparison.
const near = 255

// skipUnless skips n instructions unless the accumulator compares with k.
func skipUnless(op uint16, k uint32, n int) code {
	if n <= near {
		return code{jump(op, k, 0, uint8(n))}
	}
	return code{jump(op, k, 1, 0), skip(n)}
}

// branch finds the span of the number in the accumulator by halves. The spans'
// code returns.
func branch(spans []span) code {
	if len(spans) == 1 {
		return spans[0].code
	}
	half := len(spans) / 2
	below, above := branch(spans[:half]), branch(spans[half:])
	// At least the first of the upper half: over the lower half's code.
	var c code
	if len(below) <= near {
		c = code{jump(atLeast, spans[half].first, uint8(len(below)), 0)}
	} else {
		c = code{jump(atLeast, spans[half].first, 0, 1), skip(len(below))}
	}
	return append(append(c, below...), above...)
}

// Marks in a jump of a test that is not finished: where the comparison leads.
const (
	isTrue  = 254
	isFalse = 255
)

// test returns the rule's action if all its comparisons are true, and goes on
// behind itself if one is not.
func (r *Rule) test() code {
	var c code
	for _, arg := range r.Args {
		c = append(c, arg.compare()...)
	}
	c = append(c, ret(r.Action))
	return c.resolve(len(c))
}

// compare goes to isFalse or isTrue, which is behind itself. Values have two
// halves, of which a comparison takes one at a time.
func (a Arg) compare() code {
	low := uint32(argsAt + argSize*a.Index)
	high := low + argSize/2
	lowHalf := func(v uint64) uint32 { return uint32(v) }
	highHalf := func(v uint64) uint32 { return uint32(v >> 32) }
	v := a.Value
	var c code
	switch a.Op {
	case "MASKED_EQ":
		c = code{
			load(high), and(highHalf(v)), jump(equal, highHalf(a.ValueTwo), 0, isFalse),
			load(low), and(lowHalf(v)), jump(equal, lowHalf(a.ValueTwo), isTrue, isFalse),
		}
	case "EQ":
		c = code{load(high), jump(equal, highHalf(v), 0, isFalse), load(low), jump(equal, lowHalf(v), isTrue, isFalse)}
	case "NE":
		c = code{load(high), jump(equal, highHalf(v), 0, isTrue), load(low), jump(equal, lowHalf(v), isFalse, isTrue)}
	case "GT", "LE":
		yes, no := uint8(isTrue), uint8(isFalse)
		if a.Op == "LE" {
			yes, no = no, yes
		}
		c = code{
			load(high), jump(greater, highHalf(v), yes, 0), jump(equal, highHalf(v), 0, no),
			load(low), jump(greater, lowHalf(v), yes, no),
		}
	case "GE", "LT":
		yes, no := uint8(isTrue), uint8(isFalse)
		if a.Op == "LT" {
			yes, no = no, yes
		}
		c = code{
			load(high), jump(greater, highHalf(v), yes, 0), jump(equal, highHalf(v), 0, no),
			load(low), jump(atLeast, lowHalf(v), yes, no),
		}
	}
	for i := range c {
		if j := &c[i]; j.op == equal || j.op == greater || j.op == atLeast {
			if j.yes == isTrue {
				j.yes = uint8(len(c) - i - 1)
			}
			if j.no == isTrue {
				j.no = uint8(len(c) - i - 1)
			}
		}
	}
	return c
}

// resolve has what is false skip to end. Six comparisons are much nearer than
// a jump can reach.
func (c code) resolve(end int) code {
	for i := range c {
		if j := &c[i]; j.op == equal || j.op == greater || j.op == atLeast {
			if j.yes == isFalse {
				j.yes = uint8(end - i - 1)
			}
			if j.no == isFalse {
				j.no = uint8(end - i - 1)
			}
		}
	}
	return c
}
