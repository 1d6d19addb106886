package page

import (
	"cmp"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/mesos"
)

// Kind is a kind of thing that a cluster has.
type Kind string

// The kinds.
const (
	Task      Kind = "task"
	Agent     Kind = "agent"
	Framework Kind = "framework"
	Role      Kind = "role"
	Offer     Kind = "offer"
	Operation Kind = "operation"
	Machine   Kind = "machine"
	Master    Kind = "master"
)

// Ref names one thing.
type Ref struct {
	Kind Kind
	ID   string
	// Framework is that of a task, whose ID is unique within its framework only.
	Framework string
}

// Verb is something that can be done with things: describe them, kill them. A key
// does it on every page that lists such things, and ":verb" on the page's cursor.
type Verb struct {
	Name  string
	Key   key.Binding
	Kinds []Kind
	// Many is true if it takes all marked things at once, false if only one.
	Many bool
	// Writes is true if it changes the cluster; there is no such verb in read-only mode.
	Writes bool
	// Do is called in Update, with one thing at least. Its command mostly returns a Push.
	Do func(d *Deps, refs []Ref) tea.Cmd
}

// Screen is a page that can be asked for at the ":" prompt.
type Screen struct {
	Name    string
	Aliases []string
	Short   string // for help and completion, a few words without a full stop
	// Open makes the page. Args are the words after the name.
	Open func(d *Deps, args []string) (Page, error)
	// Complete lists what an argument may be; nil if there is nothing to say.
	Complete func(d *Deps, args []string) []string
}

// Registry is the screens and verbs there are. It is filled by hand before the
// program starts, and read only after that.
type Registry struct {
	screens []Screen
	verbs   []Verb
}

// AddScreen adds screens, in the order of the help.
func (r *Registry) AddScreen(screens ...Screen) { r.screens = append(r.screens, screens...) }

// AddVerb adds verbs, in the order of the help.
func (r *Registry) AddVerb(verbs ...Verb) { r.verbs = append(r.verbs, verbs...) }

// Screens are all screens.
func (r *Registry) Screens() []Screen { return r.screens }

// Verbs are the verbs for a kind; all of them for the kind "".
func (r *Registry) Verbs(of Kind, readOnly bool) []Verb {
	var verbs []Verb
	for _, v := range r.verbs {
		if (of == "" || slices.Contains(v.Kinds, of)) && (!readOnly || !v.Writes) {
			verbs = append(verbs, v)
		}
	}
	return verbs
}

// Screen finds a screen by a name, an alias, or the only beginning of a name.
func (r *Registry) Screen(name string) (Screen, error) {
	name = strings.ToLower(name)
	var begins []Screen
	for _, s := range r.screens {
		if s.Name == name || slices.Contains(s.Aliases, name) {
			return s, nil
		}
		if strings.HasPrefix(s.Name, name) {
			begins = append(begins, s)
		}
	}
	switch len(begins) {
	case 0:
		names := make([]string, len(r.screens))
		for i, s := range r.screens {
			names[i] = s.Name
		}
		return Screen{}, mesos.Errorf(mesos.NotFound, "there is no page %q; there are %s", name, strings.Join(names, ", "))
	case 1:
		return begins[0], nil
	}
	names := make([]string, len(begins))
	for i, s := range begins {
		names[i] = s.Name
	}
	slices.SortFunc(names, cmp.Compare[string])
	return Screen{}, mesos.Errorf(mesos.Invalid, "%q may be %s", name, strings.Join(names, " or "))
}

// Choosing is a page on which things are chosen: at the cursor, or marked.
type Choosing interface {
	Page
	Chosen() []Ref
}

// Do does a verb with what is chosen, as far as it is for that.
func Do(d *Deps, v Verb, chosen []Ref) tea.Cmd {
	chosen = slices.DeleteFunc(chosen, func(r Ref) bool { return !slices.Contains(v.Kinds, r.Kind) })
	switch {
	case len(chosen) == 0:
		return Send(Notify{Level: Warn, Text: "there is nothing here to " + v.Name})
	case d.ReadOnly && v.Writes:
		return Send(Notify{Level: Warn, Text: "nothing is changed in read-only mode"})
	case len(chosen) > 1 && !v.Many:
		return Send(Notify{Level: Warn, Text: v.Name + " takes one thing at a time"})
	}
	return v.Do(d, chosen)
}
