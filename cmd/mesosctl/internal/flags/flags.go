// Package flags is Mesos's way with flags, on top of pflag: a table of flags
// with their types and defaults, whose values come from the command line, else
// from MESOS_* variables, else from files of one value each.
// See https://mesos.apache.org/documentation/latest/configuration/.
package flags

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/mesosctl/mesosctl/mesos"
)

// Flag is one row of a table. It is a pflag.Value.
type Flag struct {
	name    string
	initial string // the default, as text
	usage   string // a `name` in backquotes is what the help calls the value
	kind    string // of value, if usage names none; "bool" for a switch
	short   string // a letter, or none
	former  []string
	later   bool
	isPath  bool
	secret  bool
	set     func(string) error

	text  string // the value now, as text
	given bool
}

// String is the value as text.
func (f *Flag) String() string { return f.text }

// Type is what the help calls the value.
func (f *Flag) Type() string {
	if parts := strings.SplitN(f.usage, "`", 3); len(parts) == 3 && f.kind != "bool" {
		return parts[1]
	}
	return f.kind
}

// Set parses and stores a value. One of the form file:///path is read from that file.
func (f *Flag) Set(text string) error {
	if path, ok := strings.CutPrefix(text, "file://"); ok && !f.isPath {
		content, err := os.ReadFile(path)
		if err != nil {
			return mesos.Errorf(mesos.Invalid, "read its value: %w", err)
		}
		text = strings.TrimRight(string(content), "\r\n")
	}
	if err := f.set(text); err != nil {
		return err
	}
	f.text, f.given = text, true
	return nil
}

// Formerly adds older names, under which the flag is accepted too.
func (f *Flag) Formerly(names ...string) *Flag {
	f.former = append(f.former, names...)
	return f
}

// Verbatim keeps a value of the form file:///path as it is.
func (f *Flag) Verbatim() *Flag {
	f.isPath = true
	return f
}

// Short adds a letter under which the flag is accepted too.
func (f *Flag) Short(letter string) *Flag {
	f.short = letter
	return f
}

// Secret keeps the value from being shown, unless it is the path of a file.
func (f *Flag) Secret() *Flag {
	f.secret = true
	return f
}

// Then adds a step to what setting the flag does.
func (f *Flag) Then(step func() error) *Flag {
	first := f.set
	f.set = func(text string) error {
		if err := first(text); err != nil {
			return err
		}
		return step()
	}
	return f
}

func row(name, kind, initial, usage string, set func(string) error) *Flag {
	return &Flag{name: name, kind: kind, initial: initial, usage: usage, set: set}
}

// Func is a flag whose text is handed to set, at once with its default.
func Func(name, kind, initial, usage string, set func(string) error) *Flag {
	return row(name, kind, initial, usage, set)
}

// String is a flag of any text.
func String(name string, p *string, initial, usage string) *Flag {
	return row(name, "string", initial, usage, func(text string) error { *p = text; return nil })
}

// Text is a flag of any text that may also be given as the absolute path of a
// file with it.
func Text(name, kind string, p *string, usage string) *Flag {
	return row(name, kind, "", usage, func(text string) error {
		*p = text
		if !strings.HasPrefix(text, "/") {
			return nil
		}
		content, err := os.ReadFile(text)
		if err != nil {
			return mesos.Errorf(mesos.Invalid, "read its value: %w", err)
		}
		*p = string(content)
		return nil
	})
}

// Document is a flag whose text is handed to set, or is named by the absolute
// path or file:// URL of a file with it; then that is what is shown, and errors
// name the file.
func Document(name, kind, usage string, set func(text string) error) *Flag {
	f := row(name, kind, "", usage, func(text string) error {
		path, isFile := strings.CutPrefix(text, "file://")
		if !isFile && !strings.HasPrefix(text, "/") {
			return set(text)
		}
		content, err := os.ReadFile(path)
		if err == nil {
			err = set(string(content))
		}
		if err != nil {
			return mesos.Errorf(mesos.Invalid, "%s: %w", path, err)
		}
		return nil
	})
	f.isPath = true
	return f
}

// Path is a flag that names a file or directory.
func Path(name string, p *string, initial, usage string) *Flag {
	f := row(name, "path", initial, usage, func(text string) error {
		*p = strings.TrimPrefix(text, "file://")
		return nil
	})
	f.isPath = true
	return f
}

// Int is a flag that is a number from low to high.
func Int(name string, p *int, initial, low, high int, usage string) *Flag {
	return row(name, "int", strconv.Itoa(initial), usage, func(text string) error {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < low || n > high {
			return mesos.Errorf(mesos.Invalid, "%q is not a number from %d to %d", text, low, high)
		}
		*p = n
		return nil
	})
}

// Duration is a flag with a unit, Mesos's (10secs) or Go's (10s); empty is zero.
func Duration(name string, p *time.Duration, initial, usage string) *Flag {
	return row(name, "duration", initial, usage, func(text string) (err error) {
		*p = 0
		if text != "" {
			*p, err = duration(text)
		}
		if err == nil && *p < 0 {
			err = mesos.Errorf(mesos.Invalid, "%s is negative", text)
		}
		return err
	})
}

func duration(text string) (time.Duration, error) {
	d, err := mesos.ParseDuration(text)
	if err != nil {
		if d, err := time.ParseDuration(text); err == nil {
			return d, nil
		}
	}
	return d, err
}

// Repeated is a flag that may be given several times; each time its text is handed
// to add.
func Repeated(name, kind, usage string, add func(string) error) *Flag {
	return row(name, kind, "", usage, func(text string) error {
		if text == "" { // its default
			return nil
		}
		return add(text)
	})
}

// Bool is a switch: --name, --name=false, --no-name.
func Bool(name string, p *bool, initial bool, usage string) *Flag {
	return row(name, "bool", strconv.FormatBool(initial), usage, func(text string) error {
		switch text {
		case "true", "1":
			*p = true
		case "false", "0":
			*p = false
		default:
			return mesos.Errorf(mesos.Invalid, "%q is not true or false", text)
		}
		return nil
	})
}

// List is a flag of texts separated by commas; empty is none.
func List(name string, p *[]string, initial, usage string) *Flag {
	return row(name, "list", initial, usage, func(text string) error {
		*p = nil
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				*p = append(*p, part)
			}
		}
		return nil
	})
}

// Later is a flag of Mesos whose machinery does not exist here yet. It is
// accepted at its default, which changes nothing, and refused otherwise.
func Later(name, initial string, harmless ...string) *Flag {
	f := row(name, "string", initial, "", func(text string) error {
		if text == initial || slices.Contains(harmless, text) {
			return nil
		}
		return mesos.Errorf(mesos.Unsupported, "it is not supported yet")
	})
	f.later, f.isPath = true, true
	return f
}

// LaterBool is Later for a switch.
func LaterBool(name string, initial bool, harmless ...string) *Flag {
	f := Later(name, strconv.FormatBool(initial), harmless...)
	f.kind = "bool"
	return f
}

// Normalize makes --work-dir and --work_dir one flag.
func Normalize(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	return pflag.NormalizedName(strings.ReplaceAll(name, "-", "_"))
}
