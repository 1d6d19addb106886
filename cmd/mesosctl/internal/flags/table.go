package flags

import (
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/mesosctl/mesosctl/mesos"
)

// Table is the flags of one program.
type Table []*Flag

// Apply sets every flag to its default. A default that is none of its type's
// values is a mistake in the table.
func (t Table) Apply() {
	for _, f := range t {
		if err := f.set(f.initial); err != nil {
			panic(fmt.Sprintf("flags: default of --%s: %v", f.name, err))
		}
		f.text, f.given = f.initial, false
	}
}

// Register applies the defaults and adds the flags to a pflag set: each under
// its name and its former ones, switches also as --no_name. Flags that are for
// later are hidden.
func (t Table) Register(set *pflag.FlagSet) {
	set.SetNormalizeFunc(Normalize)
	t.Apply()
	for _, f := range t {
		shown := set.VarPF(f, f.name, f.short, strings.ReplaceAll(f.usage, "`", ""))
		shown.Hidden = f.later
		names := f.former
		for _, name := range f.former {
			set.VarPF(f, name, "", "").Hidden = true
		}
		if f.kind != "bool" {
			continue
		}
		shown.NoOptDefVal = "true"
		for _, name := range append([]string{f.name}, names...) {
			set.Lookup(name).NoOptDefVal = "true"
			if set.Lookup("no_"+name) == nil {
				no := set.VarPF(negation{f}, "no_"+name, "", "")
				no.Hidden, no.NoOptDefVal = true, "true"
			}
		}
	}
}

// negation is the --no-name of a switch.
type negation struct{ f *Flag }

func (n negation) String() string { return "" }
func (n negation) Type() string   { return "bool" }

func (n negation) Set(text string) error {
	value, err := strconv.ParseBool(text)
	if err != nil {
		return mesos.Errorf(mesos.Invalid, "%q is not true or false", text)
	}
	return n.f.Set(strconv.FormatBool(!value))
}

// Effective is every flag that has a value, as /flags shows it.
func (t Table) Effective() map[string]string {
	values := make(map[string]string, len(t))
	for _, f := range t {
		switch {
		case f.text == "":
		case f.secret && !strings.HasPrefix(f.text, "/") && !strings.HasPrefix(f.text, "file://"):
			values[f.name] = "(hidden)"
		default:
			values[f.name] = f.text
		}
	}
	return values
}

// Given is every flag that was set, with its value, in the order of the table.
func (t Table) Given() iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for _, f := range t {
			if f.given && !yield(f.name, f.text) {
				return
			}
		}
	}
}

// find returns the flag of that name, or former name.
func (t Table) find(name string) *Flag {
	for _, f := range t {
		if f.name == name {
			return f
		}
		for _, former := range f.former {
			if former == name {
				return f
			}
		}
	}
	return nil
}
