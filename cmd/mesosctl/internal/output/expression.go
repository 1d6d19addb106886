package output

import (
	"encoding/json"
	"fmt"
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
		plain, err := plainly(value)
		if err == nil {
			err = parsed.Execute(w, plain)
		}
		if err == nil {
			_, err = fmt.Fprintln(w)
		}
		return err
	}, nil
}

// goTemplate prints by a template of text/template.
func goTemplate(text string) (func(io.Writer, any) error, error) {
	parsed, err := template.New("output").Parse(text)
	if err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "go-template: %w", err)
	}
	return func(w io.Writer, value any) error {
		plain, err := plainly(value)
		if err == nil {
			err = parsed.Execute(w, plain)
		}
		if err == nil {
			_, err = fmt.Fprintln(w)
		}
		return err
	}, nil
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
