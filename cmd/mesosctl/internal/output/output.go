// Package output prints what a command found, in the form that was asked for.
package output

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/mesosctl/mesosctl/mesos"
)

// Format is a form of output. It is a pflag.Value.
type Format string

// The forms. Table and Wide, which shows more, are for people and may change;
// the others have stable field names. JSONPath and GoTemplate are followed by what
// they are to print, as in jsonpath={[*].id}.
const (
	Table      Format = "table"
	Wide       Format = "wide"
	JSON       Format = "json"
	YAML       Format = "yaml"
	Name       Format = "name" // only where things have names
	JSONPath          = "jsonpath="
	GoTemplate        = "go-template="
)

func (f *Format) String() string { return string(*f) }

// Type names the values in the help.
func (f *Format) Type() string { return "table|wide|json|yaml|jsonpath=...|go-template=..." }

// Set takes the name of a form, or refuses a path or template that can't be parsed.
func (f *Format) Set(text string) error {
	_, err := printer(Format(text))
	if err != nil {
		return err
	}
	*f = Format(text)
	return nil
}

// named is a Format that may also be Name.
type named struct{ *Format }

func (n named) Type() string { return "table|wide|json|yaml|name|jsonpath=...|go-template=..." }

func (n named) Set(text string) error {
	if Format(text) == Name {
		*n.Format = Name
		return nil
	}
	return n.Format.Set(text)
}

// Flag adds --output.
func Flag(cmd *cobra.Command, f *Format) {
	cmd.Flags().VarP(f, "output", "o", "form of the output")
}

// NamedFlag adds --output for things that have names.
func NamedFlag(cmd *cobra.Command, f *Format) {
	cmd.Flags().VarP(named{f}, "output", "o", "form of the output")
}

// ForPeople reports whether a person is to read it.
func (f Format) ForPeople() bool { return f == Table || f == Wide }

// Print prints value as the form asks for, or calls table if it is for people.
// value is what encoding/json takes.
func Print(w io.Writer, f Format, value any, table func() error) error {
	if f.ForPeople() || f == Name {
		return table()
	}
	print, err := printer(f)
	if err != nil {
		return err
	}
	return print(w, value)
}

// printer is how a form is printed.
func printer(f Format) (func(io.Writer, any) error, error) {
	switch path, isPath := strings.CutPrefix(string(f), JSONPath); {
	case isPath:
		return jsonPath(path)
	case strings.HasPrefix(string(f), GoTemplate):
		return goTemplate(strings.TrimPrefix(string(f), GoTemplate))
	}
	switch f {
	case JSON:
		return func(w io.Writer, value any) error {
			encoder := json.NewEncoder(w)
			encoder.SetEscapeHTML(false)
			encoder.SetIndent("", "  ")
			return encoder.Encode(value)
		}, nil
	case YAML:
		return func(w io.Writer, value any) error {
			data, err := yaml.Marshal(value)
			if err == nil {
				_, err = w.Write(data)
			}
			return err
		}, nil
	case Table, Wide:
		return nil, nil // it is for Print's caller
	}
	return nil, mesos.Errorf(mesos.Invalid, "%q is none of table, wide, json, yaml, jsonpath=PATH and go-template=TEMPLATE", string(f))
}

// Columns prints rows as an aligned table. Cells may be coloured, and may have
// letters that are as wide as two.
func Columns(w io.Writer, rows ...[]string) error {
	const gap = 2
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], ansi.StringWidth(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-ansi.StringWidth(cell)+gap))
			}
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}
