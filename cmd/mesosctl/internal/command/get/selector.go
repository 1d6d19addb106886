package get

import (
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
)

// selector is what labels an item must have: every term of it.
type selector []term

// term is one demand.
type term struct {
	name, value string
	valued      bool // value counts, else that the label is there
	not         bool
}

// parseSelector reads NAME=VALUE, NAME==VALUE, NAME!=VALUE, NAME and !NAME, with
// commas between them.
func parseSelector(text string) (selector, error) {
	if text == "" {
		return nil, nil
	}
	var s selector
	for _, part := range strings.Split(text, ",") {
		part = strings.TrimSpace(part)
		t := term{name: part}
		if name, value, ok := strings.Cut(part, "="); ok {
			t.value, t.valued = strings.TrimPrefix(value, "="), true
			t.name, t.not = strings.CutSuffix(name, "!")
		} else if name, ok := strings.CutPrefix(part, "!"); ok {
			t.name, t.not = name, true
		}
		if t.name = strings.TrimSpace(t.name); t.name == "" {
			return nil, mesos.Errorf(mesos.Invalid, "--selector %q: %q is none of NAME=VALUE, NAME!=VALUE, NAME and !NAME", text, part)
		}
		s = append(s, t)
	}
	return s, nil
}

func (s selector) fits(labels map[string]string) bool {
	for _, t := range s {
		value, has := labels[t.name]
		if t.valued {
			has = has && value == t.value
		}
		if has == t.not {
			return false
		}
	}
	return true
}
