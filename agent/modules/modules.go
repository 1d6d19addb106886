// Package modules reads what --modules says. Mesos loads libraries by it; what
// they do that matters to many is built in here, under the names and with the
// parameters that Mesos's modules have. See
// https://mesos.apache.org/documentation/latest/modules/.
package modules

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
)

// Set is the parameters of modules, by the modules' names.
type Set map[string]Parameters

// Parameters are a module's, by key.
type Parameters map[string]string

// Only refuses parameters that a module does not have.
func (p Parameters) Only(names ...string) error {
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if !slices.Contains(names, name) {
			return mesos.Errorf(mesos.Invalid, "parameter %q: there is none of that name; there are %s", name, strings.Join(names, ", "))
		}
	}
	return nil
}

// Number is a parameter as a number, or initial if it is not given.
func (p Parameters) Number(key string, initial float64) (float64, error) {
	text, given := p[key]
	if !given {
		return initial, nil
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || !(value >= 0 && value <= 1e9) {
		return 0, mesos.Errorf(mesos.Invalid, "parameter %s: %q is not a number of at least 0", key, text)
	}
	return value, nil
}

// Parse reads the JSON of --modules; builtIn are the names that there may be.
// Where Mesos's JSON has a list, one element may stand for it. What modules are
// files of is not needed, and ignored. Errors are of kind mesos.Invalid: of a
// module that is not built in, too.
func Parse(text string, builtIn []string) (Set, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var file struct {
		Libraries oneOrMore[struct {
			File, Name string
			Modules    oneOrMore[struct {
				Name       string
				Parameters oneOrMore[struct{ Key, Value string }]
			}]
		}]
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "modules: not the JSON of libraries: %w", err)
	}
	set := make(Set)
	for _, library := range file.Libraries {
		for _, module := range library.Modules {
			parameters := make(Parameters)
			for _, p := range module.Parameters {
				parameters[p.Key] = p.Value
			}
			if err := set.add(module.Name, parameters, builtIn); err != nil {
				return nil, err
			}
		}
	}
	return set, nil
}

// add adds a module. It may be there twice if both are the same.
func (s Set) add(name string, parameters Parameters, builtIn []string) error {
	if !slices.Contains(builtIn, name) {
		return mesos.Errorf(mesos.Invalid, "modules: %q is not built in, and libraries can't be loaded; there are %s",
			name, strings.Join(slices.Sorted(slices.Values(builtIn)), ", "))
	}
	if before, twice := s[name]; twice && !maps.Equal(before, parameters) {
		return mesos.Errorf(mesos.Invalid, "modules: %s is there twice, with different parameters", name)
	}
	s[name] = parameters
	return nil
}

// oneOrMore is a list of which one element may stand for itself.
type oneOrMore[T any] []T

func (l *oneOrMore[T]) UnmarshalJSON(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		return decoder.Decode((*[]T)(l))
	}
	one := make([]T, 1)
	if err := decoder.Decode(&one[0]); err != nil {
		return err
	}
	*l = one
	return nil
}
