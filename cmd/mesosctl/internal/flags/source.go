package flags

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
)

// Load gives every flag that was not given on the command line the value that
// the first of the sources has for it. An error names where the value is from.
func (t Table) Load(sources ...Source) error {
	for _, source := range sources {
		settings, err := source(t)
		if err != nil {
			return err
		}
		for _, s := range settings {
			if s.flag.given {
				continue
			}
			if err := s.flag.Set(s.text); err != nil {
				return mesos.Errorf(kind(err), "%s: %w", s.from, err)
			}
		}
	}
	return nil
}

func kind(err error) mesos.Kind {
	if k := mesos.KindOf(err); k != mesos.Internal {
		return k
	}
	return mesos.Invalid
}

// Source finds values of a table's flags.
type Source func(Table) ([]setting, error)

type setting struct {
	flag *Flag
	text string
	from string
}

// Environment is the variables MESOS_<NAME>. Those that name no flag are not
// for this program.
func Environment(environ []string) Source {
	return func(t Table) ([]setting, error) {
		values := map[string]string{}
		for _, variable := range environ {
			if name, text, ok := strings.Cut(variable, "="); ok && strings.HasPrefix(name, "MESOS_") {
				values[name] = text
			}
		}
		var settings []setting
		for _, f := range t {
			for _, name := range append([]string{f.name}, f.former...) {
				name = "MESOS_" + strings.ToUpper(name)
				if text, ok := values[name]; ok {
					settings = append(settings, setting{f, text, name})
				}
			}
		}
		return settings, nil
	}
}

// Directory is a directory with a file for each flag, as the Mesos packages keep
// it: the file's content is the value; ?name and ?no-name, whatever they hold,
// are switches. attributes and resources may be directories, of a file for each
// of them. A directory that doesn't exist has no values.
func Directory(dir string) Source {
	return func(t Table) ([]setting, error) {
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "read flags: %w", err)
		}
		var settings []setting
		for _, entry := range entries {
			if strings.HasPrefix(entry.Name(), ".") {
				continue
			}
			s, err := t.file(filepath.Join(dir, entry.Name()))
			if err != nil {
				return nil, err
			}
			settings = append(settings, s)
		}
		return settings, nil
	}
}

func (t Table) file(path string) (setting, error) {
	name := strings.ReplaceAll(filepath.Base(path), "-", "_")
	if name, isSwitch := strings.CutPrefix(name, "?"); isSwitch {
		text := "true"
		f := t.find(name)
		if f == nil {
			f, text = t.find(strings.TrimPrefix(name, "no_")), "false"
		}
		if f == nil || f.kind != "bool" {
			return setting{}, mesos.Errorf(mesos.Invalid, "%s: there is no such switch", path)
		}
		return setting{f, text, path}, nil
	}
	f := t.find(name)
	if f == nil {
		return setting{}, mesos.Errorf(mesos.Invalid, "%s: there is no flag %s", path, name)
	}
	text, err := contents(path)
	if err != nil {
		return setting{}, mesos.Errorf(mesos.Invalid, "read flag %s: %w", name, err)
	}
	return setting{f, text, path}, nil
}

// contents is what a file holds; of a directory, "name:contents" of its files,
// joined by semicolons.
func contents(path string) (string, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		data, err := os.ReadFile(path)
		return strings.TrimSpace(string(data)), err
	}
	var parts []string
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(path, entry.Name()))
		if err != nil {
			return "", err
		}
		parts = append(parts, entry.Name()+":"+strings.TrimSpace(string(data)))
	}
	sort.Strings(parts)
	return strings.Join(parts, ";"), nil
}
