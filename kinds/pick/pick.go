// Package pick finds the framework or agent that a person means: by its ID, by
// a part of the ID that no other has, or by its name.
package pick

import (
	"fmt"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// shownCandidates is how many of those that fit an error names.
const shownCandidates = 5

// Thing is what can be picked.
type Thing struct{ ID, Name string }

func (t Thing) String() string {
	if t.Name == "" || t.Name == t.ID {
		return t.ID
	}
	return fmt.Sprintf("%s (%s)", t.ID, t.Name)
}

// Framework finds one of the frameworks that run. Its name is FrameworkInfo.name.
// An error is of kind mesos.NotFound, or mesos.Invalid if several fit.
func Framework(all *masterpb.Response_GetFrameworks, text string) (mesos.FrameworkID, error) {
	var things []Thing
	for _, f := range all.GetFrameworks() {
		things = append(things, Thing{f.GetFrameworkInfo().GetId().GetValue(), f.GetFrameworkInfo().GetName()})
	}
	id, err := Pick("framework", things, text)
	return mesos.FrameworkID(id), err
}

// Agent finds one of the registered agents. Its name is its hostname. Errors are
// as those of Framework.
func Agent(all *masterpb.Response_GetAgents, text string) (mesos.AgentID, error) {
	var things []Thing
	for _, a := range all.GetAgents() {
		things = append(things, Thing{a.GetAgentInfo().GetId().GetValue(), a.GetAgentInfo().GetHostname()})
	}
	id, err := Pick("agent", things, text)
	return mesos.AgentID(id), err
}

// Pick finds one of some things of a kind. It tries, in order: the ID, the name, the beginning of an ID, the end of an ID
// after a dash (IDs of a cluster begin alike and end in a number).
func Pick(kind string, all []Thing, text string) (string, error) {
	if text == "" {
		return "", mesos.Errorf(mesos.Invalid, "the %s has no name", kind)
	}
	var fit []Thing
	for _, fits := range []func(Thing) bool{
		func(t Thing) bool { return t.ID == text },
		func(t Thing) bool { return t.Name == text },
		func(t Thing) bool { return strings.HasPrefix(t.ID, text) },
		func(t Thing) bool { return strings.HasSuffix(t.ID, "-"+text) },
	} {
		for _, t := range all {
			if fits(t) {
				fit = append(fit, t)
			}
		}
		switch {
		case len(fit) == 1:
			return fit[0].ID, nil
		case len(fit) > 1:
			return "", mesos.Errorf(mesos.Invalid, "%q may be any of %s: %s", text, mesos.Count(len(fit), kind), list(fit))
		}
	}
	if len(all) == 0 {
		return "", mesos.Errorf(mesos.NotFound, "there is no %s %q: the cluster has no %ss", kind, text, kind)
	}
	return "", mesos.Errorf(mesos.NotFound, "there is no %s %q; there is %s", kind, text, list(all))
}

func list(things []Thing) string {
	var texts []string
	for i, t := range things {
		if i == shownCandidates {
			texts = append(texts, fmt.Sprintf("and %d more", len(things)-i))
			break
		}
		texts = append(texts, t.String())
	}
	return strings.Join(texts, ", ")
}
