package output

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"text/template"

	"k8s.io/client-go/util/jsonpath"

	"github.com/mesosctl/mesosctl/mesos"
)

// jsonPath prints what a path, as kubectl has them, finds. A path without braces is
// put in some.
func jsonPath(path string) (func(io.Writer, any) error, error) {
	if path == "" {
		return nil, mesos.Errorf(mesos.Invalid, "jsonpath= needs a path, as in jsonpath={[*].id}")
	}
	if !strings.Contains(path, "{") {
		path = "{" + path + "}"
	}
	parsed := jsonpath.New("output").AllowMissingKeys(true)
	if err := parsed.Parse(path); err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "jsonpath %s: %w", path, err)
	}
	return func(w io.Writer, value any) error {
		return whole(w, value, func(w io.Writer, plain any) error {
			if err := parsed.Execute(w, plain); err != nil {
				return mesos.Errorf(mesos.Invalid, "jsonpath %s: %w", path, err)
			}
			return nil
		})
	}, nil
}

// goTemplate prints by a template of text/template.
func goTemplate(text string) (func(io.Writer, any) error, error) {
	parsed, err := template.New("output").Parse(text)
	if err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "go-template: %w", err)
	}
	return func(w io.Writer, value any) error {
		return whole(w, value, func(w io.Writer, plain any) error {
			err := parsed.Execute(w, plain)
			if _, list := plain.([]any); err != nil && list {
				return mesos.Errorf(mesos.Invalid, "go-template: %w; it is about a list, which {{range .}}...{{end}} goes through", err)
			}
			if err != nil {
				return mesos.Errorf(mesos.Invalid, "go-template: %w", err)
			}
			return nil
		})
	}, nil
}

// whole prints all that an expression makes of a value, and a line's end; of one that
// fails nothing.
func whole(w io.Writer, value any, print func(w io.Writer, plain any) error) error {
	plain, err := plainly(value)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := print(&b, plain); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err = w.Write(b.Bytes())
	return err
}

// plainly is a value as its JSON says: maps, lists and simple values. Numbers are
// as they are written.
func plainly(value any) (any, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.UseNumber()
	var plain any
	err = decoder.Decode(&plain)
	return plain, err
}
