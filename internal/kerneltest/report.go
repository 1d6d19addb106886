package main

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// What the machine prints of a package begins with this, the package's number and
// what it is: a line of its tests, or how they ended. The answer to a machine that
// asks for another package is its number, or -1.
const (
	mark     = "kerneltest:"
	isLine   = ">"
	isEnd    = "="
	isAsking = "?"
	machine  = -1 // the number of the machine itself
)

// report reads what the machines print, and tells what is worth knowing of it.
type report struct {
	to       io.Writer
	packages []*suite
	verbose  bool

	mu     sync.Mutex
	next   int // package
	of     []*outcome
	failed []string
}

func newReport(to io.Writer, packages []*suite, verbose bool) *report {
	r := &report{to: to, packages: packages, verbose: verbose}
	for range packages {
		r.of = append(r.of, &outcome{said: map[string][]string{}})
	}
	return r
}

// outcome is what the tests of a package have said.
type outcome struct {
	current string              // the test that speaks
	said    map[string][]string // by tests of which is not known how they end
	order   []string
	passed  int
	skipped []string // tests, and why
	ended   bool
}

// read reads what one machine prints, and answers it.
func (r *report) read(from io.Reader, answers io.Writer) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if err := r.line(strings.TrimRight(lines.Text(), "\r"), answers); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (r *report) line(line string, answers io.Writer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	said, ok := strings.CutPrefix(line, mark)
	fields := strings.SplitN(said, " ", 3)
	number, err := strconv.Atoi(fields[0])
	switch {
	case strings.HasSuffix(line, "reboot: Power down"): // the kernel, as it should
	case !ok || err != nil || len(fields) != 3 || number >= len(r.of):
		fmt.Fprintln(r.to, line) // the kernel, in distress
	case fields[1] == isAsking:
		_, err := fmt.Fprintln(answers, r.nextPackage())
		return err
	case number == machine:
		r.failed = append(r.failed, "the machine")
		fmt.Fprintln(r.to, fields[2])
	case fields[1] == isEnd:
		r.over(number, fields[2])
	default:
		if r.verbose {
			fmt.Fprintf(r.to, "%s: %s\n", r.packages[number].short, fields[2])
		}
		r.of[number].line(fields[2])
	}
	return nil
}

// nextPackage is the number of a package that no machine was given, or -1.
func (r *report) nextPackage() int {
	if r.next == len(r.packages) {
		return -1
	}
	r.next++
	return r.next - 1
}

// A result, and a line that tells who speaks, as the testing package prints them
// for programs: after a byte that tests don't print.
var (
	speaks = regexp.MustCompile(`^=== (RUN|PAUSE|CONT|NAME)\s*(\S*)`)
	result = regexp.MustCompile(`^--- (PASS|FAIL|SKIP): (\S+) `)
)

func (o *outcome) line(line string) {
	text, event, isEvent := strings.Cut(line, "\x16")
	if strings.TrimSpace(text) != "" {
		o.say(text)
	}
	if !isEvent {
		return
	}
	if match := speaks.FindStringSubmatch(event); match != nil {
		o.current = match[2]
		if match[1] == "RUN" {
			o.said[o.current] = []string{}
			o.order = append(o.order, o.current)
		}
	}
	if match := result.FindStringSubmatch(event); match != nil {
		o.result(match[1], match[2], event)
	}
}

func (o *outcome) say(text string) {
	if _, ok := o.said[o.current]; !ok {
		o.order = append(o.order, o.current)
	}
	o.said[o.current] = append(o.said[o.current], text)
}

func (o *outcome) result(what, test, line string) {
	switch what {
	case "FAIL":
		o.said[test] = append(o.said[test], line)
		return
	case "SKIP":
		o.skipped = append(o.skipped, test+": "+reason(o.said[test]))
	case "PASS":
		if !strings.Contains(test, "/") {
			o.passed++
		}
	}
	delete(o.said, test)
}

var place = regexp.MustCompile(`^\s*\w+\.go:\d+: `)

// reason is what a skipped test said last.
func reason(said []string) string {
	if len(said) == 0 {
		return "it does not say why"
	}
	last := said[len(said)-1]
	return strings.TrimSpace(place.ReplaceAllString(last, ""))
}

// over tells how the tests of a package ended.
func (r *report) over(number int, how string) {
	o := r.of[number]
	o.ended = true
	name := r.packages[number].short
	if strings.HasPrefix(how, "ok ") {
		fmt.Fprintf(r.to, "%-40s %s, %d tests\n", name, how, o.passed)
	} else {
		fmt.Fprintf(r.to, "%-40s %s\n", name, how)
		r.failed = append(r.failed, name)
		r.print(o)
	}
	for _, test := range o.skipped {
		fmt.Fprintln(r.to, "    skipped", test)
	}
}

// print prints what tests said that neither passed nor were skipped.
func (r *report) print(o *outcome) {
	for _, test := range o.order {
		if said, ok := o.said[test]; ok {
			fmt.Fprintln(r.to, "   ", test)
			for _, line := range said {
				fmt.Fprintln(r.to, "       ", line)
			}
			delete(o.said, test)
		}
	}
}

// end returns which packages failed, and tells what those were at that did not end.
func (r *report) end() []string {
	for i, s := range r.packages {
		o := r.of[i]
		if o.ended {
			continue
		}
		r.failed = append(r.failed, s.short)
		if len(o.order) == 0 {
			fmt.Fprintf(r.to, "%-40s not begun\n", s.short)
			continue
		}
		fmt.Fprintf(r.to, "%-40s not over\n", s.short)
		r.print(o)
	}
	slices.Sort(r.failed)
	return slices.Compact(r.failed)
}
