// Package output prints what a command found, in the form that was asked for.
package output

import (
	"encoding/json"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/mesosctl/mesosctl/mesos"
)

// Format is a form of output. It is a pflag.Value.
type Format string

// The forms. Table and Wide, which shows more, are for people and may change;
// the others have stable field names.
const (
	Table Format = "table"
	Wide  Format = "wide"
	JSON  Format = "json"
	YAML  Format = "yaml"
)

func (f *Format) String() string { return string(*f) }

// Type names the values in the help.
func (f *Format) Type() string { return "table|wide|json|yaml" }

// Set takes the name of a form.
func (f *Format) Set(text string) error {
	switch Format(text) {
	case Table, Wide, JSON, YAML:
		*f = Format(text)
		return nil
	}
	return mesos.Errorf(mesos.Invalid, "%q is none of table, wide, json and yaml", text)
}

// Flag adds --output.
func Flag(cmd *cobra.Command, f *Format) {
	cmd.Flags().VarP(f, "output", "o", "form of the output")
}

// Print prints value as JSON or YAML, or calls table.
func Print(w io.Writer, f Format, value any, table func() error) error {
	switch f {
	case JSON:
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	case YAML:
		data, err := yaml.Marshal(value)
		if err == nil {
			_, err = w.Write(data)
		}
		return err
	default:
		return table()
	}
}

// Columns prints rows as an aligned table.
func Columns(w io.Writer, rows ...[]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if _, err := io.WriteString(t, strings.Join(row, "\t")+"\n"); err != nil {
			return err
		}
	}
	return t.Flush()
}
