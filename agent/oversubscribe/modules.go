package oversubscribe

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
)

// Modules are the parameters of modules, by the modules' names.
type Modules map[string]Parameters

// Parameters are a module's, by key.
type Parameters map[string]string

func (p Parameters) sorted() []string { return slices.Sorted(maps.Keys(p)) }

// number is a parameter as a number, or initial if it is not given.
func (p Parameters) number(key string, initial float64) (float64, error) {
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

// ParseModules reads the JSON of --modules. Where Mesos's has a list, one element
// may stand for it. What modules are files of is not needed, because they are
// built in, and ignored. Errors are of kind mesos.Invalid: of a module that is
// not built in, too.
func ParseModules(text string) (Modules, error) {
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
	modules := make(Modules)
	for _, library := range file.Libraries {
		for _, module := range library.Modules {
			if names := moduleNames(); !slices.Contains(names, module.Name) {
				return nil, mesos.Errorf(mesos.Invalid, "modules: %q is not built in, and libraries can't be loaded; there are %s",
					module.Name, strings.Join(names, ", "))
			}
			if _, twice := modules[module.Name]; twice {
				return nil, mesos.Errorf(mesos.Invalid, "modules: %s is there twice", module.Name)
			}
			parameters := make(Parameters)
			for _, p := range module.Parameters {
				parameters[p.Key] = p.Value
			}
			modules[module.Name] = parameters
		}
	}
	return modules, nil
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
