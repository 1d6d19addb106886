package acl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
)

// Parse reads ACLs in JSON, the format of Mesos's --acls. A field that there is
// not, or one that is there twice, is an error: a rule that is misspelled would
// otherwise be no rule. Every error is mesos.Invalid and says where.
func Parse(text []byte) (*ACLs, error) {
	a := &ACLs{permissive: true}
	err := eachField(text, "", func(name string, value json.RawMessage) error {
		if name == "permissive" {
			return scalar(value, name, "true or false", &a.permissive)
		}
		action := slices.IndexFunc(syntaxes[:], func(s syntax) bool { return s.list == name })
		if action < 0 {
			return noSuchField(name)
		}
		rules, err := parseRules(value, &syntaxes[action])
		a.rules[action] = rules
		return err
	})
	if err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "ACLs: %w", err)
	}
	return a, nil
}

func parseRules(text json.RawMessage, s *syntax) ([]rule, error) {
	var list []json.RawMessage
	if err := scalar(text, s.list, "an array", &list); err != nil {
		return nil, err
	}
	rules := make([]rule, len(list))
	for i, entry := range list {
		where := fmt.Sprintf("%s[%d]", s.list, i)
		var hasSubjects, hasObjects bool
		err := eachField(entry, where, func(name string, value json.RawMessage) (err error) {
			at := where + "." + name
			switch name {
			case "principals":
				hasSubjects = true
				rules[i].subjects, err = parseEntity(value, at)
			case s.objects:
				hasObjects = true
				if rules[i].objects, err = parseEntity(value, at); err == nil {
					err = s.settle(&rules[i].objects, at)
				}
			default:
				err = noSuchField(at)
			}
			return err
		})
		switch {
		case err != nil:
			return nil, err
		case !hasSubjects:
			return nil, fmt.Errorf("%s.principals: missing", where)
		case !hasObjects:
			return nil, fmt.Errorf("%s.%s: missing", where, s.objects)
		}
	}
	return rules, nil
}

func parseEntity(text json.RawMessage, where string) (entity, error) {
	var e entity
	err := eachField(text, where, func(name string, value json.RawMessage) error {
		switch name {
		case "type":
			var t string
			if err := scalar(value, where+".type", "a string", &t); err != nil {
				return err
			}
			known := []string{some: "SOME", anyOne: "ANY", none: "NONE"}
			if e.kind = kind(slices.Index(known, t)); e.kind < 0 {
				return fmt.Errorf("%s.type: %q is none of SOME, ANY and NONE", where, t)
			}
			return nil
		case "values":
			return scalar(value, where+".values", "an array of strings", &e.values)
		}
		return noSuchField(where + "." + name)
	})
	return e, err
}

// settle brings the objects of a rule into the form that its action needs.
func (s *syntax) settle(e *entity, where string) error {
	if e.kind != some {
		return nil
	}
	switch s.kind {
	case implicit:
		return fmt.Errorf("%s.type: it must be ANY or NONE: the action has no objects to name", where)
	case paths:
		for _, path := range e.values {
			if !slices.Contains(Endpoints, path) {
				return fmt.Errorf("%s.values: %q is not an endpoint that can be authorized (%s)",
					where, path, strings.Join(Endpoints, ", "))
			}
		}
	case roles:
		var exact []string
		for _, role := range e.values {
			if parent, below := strings.CutSuffix(role, "%"); below && strings.HasSuffix(parent, "/") {
				e.below = append(e.below, parent)
			} else {
				exact = append(exact, role)
			}
		}
		e.values = exact
	}
	return nil
}

func noSuchField(where string) error { return fmt.Errorf("%s: there is no such field", where) }

// eachField calls f with the fields of a JSON object.
func eachField(text []byte, where string, f func(name string, value json.RawMessage) error) error {
	if where != "" {
		where += ": "
	}
	d := json.NewDecoder(bytes.NewReader(text))
	fail := func(err error) error { return fmt.Errorf("%s%w", where, explain(text, d, err)) }
	start, err := d.Token()
	if err != nil {
		return fail(err)
	}
	if start != json.Delim('{') {
		return fmt.Errorf("%snot a JSON object", where)
	}
	seen := make(map[string]bool)
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return fail(err)
		}
		name := key.(string) // all keys are
		if seen[name] {
			return fmt.Errorf("%s%q is there twice", where, name)
		}
		seen[name] = true
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return fail(err)
		}
		if err := f(name, value); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fail(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("%sthere is more after the JSON object", where)
	}
	return nil
}

// explain says in which line JSON is broken.
func explain(text []byte, d *json.Decoder, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the JSON ends too early")
	}
	offset := min(d.InputOffset(), int64(len(text)))
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) && syntax.Offset > offset {
		offset = min(syntax.Offset, int64(len(text)))
	}
	return fmt.Errorf("line %d: %w", 1+bytes.Count(text[:offset], []byte("\n")), err)
}

// scalar decodes a value that is one thing or a list of things.
func scalar(text json.RawMessage, where, want string, to any) error {
	if err := json.Unmarshal(text, to); err != nil || string(text) == "null" {
		return fmt.Errorf("%s: it is not %s", where, want)
	}
	return nil
}
