package simulate

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/mesosctl/mesosctl/mesos"
)

// decoder reads a YAML document node by node, so that every error can name its line.
type decoder struct{ file string }

// taker stores a node's value somewhere.
type taker func(n *yaml.Node) error

// field is what an object may have.
type field struct {
	name string
	take taker
}

// at is an error of a node.
func (d *decoder) at(n *yaml.Node, format string, args ...any) error {
	return mesos.Errorf(mesos.Invalid, d.where(n)+": "+format, args...)
}

// where is a node's place, as "cluster.yaml:12".
func (d *decoder) where(n *yaml.Node) string {
	return strings.ReplaceAll(d.file, "%", "%%") + ":" + strconv.Itoa(n.Line)
}

// object takes the fields of a mapping, some of which are required.
func (d *decoder) object(n *yaml.Node, what string, required []string, fields ...field) error {
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		return d.at(n, "%s is not an object of fields", what)
	}
	var given []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := slices.IndexFunc(fields, func(f field) bool { return f.name == key.Value })
		if at < 0 {
			return d.at(key, "%s has no field %q; its fields are %s", what, key.Value, names(fields))
		}
		if slices.Contains(given, key.Value) {
			return d.at(key, "%s: field %q is given twice", what, key.Value)
		}
		given = append(given, key.Value)
		if err := fields[at].take(value); err != nil {
			return err
		}
	}
	for _, name := range required {
		if !slices.Contains(given, name) {
			return d.at(n, "%s needs a field %q", what, name)
		}
	}
	return nil
}

func names(fields []field) string {
	list := make([]string, len(fields))
	for i, f := range fields {
		list[i] = f.name
	}
	return strings.Join(list, ", ")
}

// each takes the items of a list.
func (d *decoder) each(what string, take taker) taker {
	return func(n *yaml.Node) error {
		n = resolve(n)
		if n.Kind != yaml.SequenceNode {
			return d.at(n, "%s is not a list", what)
		}
		for _, item := range n.Content {
			if err := take(item); err != nil {
				return err
			}
		}
		return nil
	}
}

// pairs takes the keys and values of a mapping whose keys are names.
func (d *decoder) pairs(what string, take func(key, value *yaml.Node) error) taker {
	return func(n *yaml.Node) error {
		n = resolve(n)
		if n.Kind != yaml.MappingNode {
			return d.at(n, "%s is not an object of names", what)
		}
		seen := map[string]bool{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if seen[key.Value] {
				return d.at(key, "%s: %q is given twice", what, key.Value)
			}
			seen[key.Value] = true
			if err := take(key, n.Content[i+1]); err != nil {
				return err
			}
		}
		return nil
	}
}

// scalar is a node's text.
func (d *decoder) scalar(n *yaml.Node, what string) (string, error) {
	n = resolve(n)
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return "", d.at(n, "%s has no value", what)
	}
	return n.Value, nil
}

// parsed takes a text through a function that may refuse it.
func parsed[T any](d *decoder, what string, p *T, parse func(text string) (T, error)) taker {
	return func(n *yaml.Node) error {
		text, err := d.scalar(n, what)
		if err != nil {
			return err
		}
		value, err := parse(text)
		if err != nil {
			return d.at(n, "%s: %w", what, err)
		}
		*p = value
		return nil
	}
}

func (d *decoder) text(what string, p *string) taker {
	return parsed(d, what, p, func(text string) (string, error) { return text, nil })
}

func (d *decoder) boolean(what string, p *bool) taker {
	return parsed(d, what, p, func(text string) (bool, error) {
		if text != "true" && text != "false" {
			return false, mesos.Errorf(mesos.Invalid, "%q is not true or false", text)
		}
		return text == "true", nil
	})
}

func (d *decoder) count(what string, p *int, most int) taker {
	return parsed(d, what, p, func(text string) (int, error) {
		count, err := strconv.Atoi(text)
		if err != nil || count < 1 || count > most {
			return 0, mesos.Errorf(mesos.Invalid, "%q is not a number from 1 to %d", text, most)
		}
		return count, nil
	})
}

func (d *decoder) weight(what string, p *float64) taker {
	return parsed(d, what, p, func(text string) (float64, error) {
		weight, err := strconv.ParseFloat(text, 64)
		if err != nil || !(weight > 0) || weight > math.MaxUint32 {
			return 0, mesos.Errorf(mesos.Invalid, "%q is not a positive number up to %d", text, uint32(math.MaxUint32))
		}
		return weight, nil
	})
}

// duration takes a time from 0 to MaxDuration.
func (d *decoder) duration(what string, p *time.Duration) taker {
	return d.timeBetween(what, p, 0, MaxDuration)
}

// timeBetween takes a time in Go's form (10s, 1h30m) or Mesos's (10secs).
func (d *decoder) timeBetween(what string, p *time.Duration, least, most time.Duration) taker {
	return parsed(d, what, p, func(text string) (time.Duration, error) {
		value, err := time.ParseDuration(text)
		if err != nil {
			if value, err = mesos.ParseDuration(text); err != nil {
				return 0, mesos.Errorf(mesos.Invalid, "%q is not a time such as 30s, 5m or 10secs", text)
			}
		}
		if value < least || value > most {
			return 0, mesos.Errorf(mesos.Invalid, "%s is not from %v to %v", text, least, most)
		}
		return value, nil
	})
}

// amounts is the text form of resources, which may also be given as an object:
// {cpus: 4, mem: 1024} is "cpus:4;mem:1024".
func (d *decoder) amounts(n *yaml.Node, what string) (string, error) {
	if n = resolve(n); n.Kind != yaml.MappingNode {
		return d.scalar(n, what)
	}
	var parts []string
	err := d.pairs(what, func(key, value *yaml.Node) error {
		text, err := d.scalar(value, what+": "+key.Value)
		parts = append(parts, key.Value+":"+text)
		return err
	})(n)
	return strings.Join(parts, ";"), err
}

// amountsOf takes resources, in either form, through a function that may refuse them.
func amountsOf[T any](d *decoder, what string, p *T, parse func(text string) (T, error)) taker {
	return func(n *yaml.Node) error {
		text, err := d.amounts(n, what)
		if err != nil {
			return err
		}
		value, err := parse(text)
		if err != nil {
			return d.at(n, "%s: %w", what, err)
		}
		*p = value
		return nil
	}
}

// resolve follows an alias (*name) to what it stands for.
func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}
