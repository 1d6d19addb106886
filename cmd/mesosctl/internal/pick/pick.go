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

// thing is what can be picked.
type thing struct{ id, name string }

func (t thing) String() string { return fmt.Sprintf("%s (%s)", t.id, t.name) }

// Framework finds one of the frameworks that run. Its name is FrameworkInfo.name.
// An error is of kind mesos.NotFound, or mesos.Invalid if several fit.
func Framework(all *masterpb.Response_GetFrameworks, text string) (mesos.FrameworkID, error) {
	var things []thing
	for _, f := range all.GetFrameworks() {
		things = append(things, thing{f.GetFrameworkInfo().GetId().GetValue(), f.GetFrameworkInfo().GetName()})
	}
	id, err := pick("framework", things, text)
	return mesos.FrameworkID(id), err
}

// Agent finds one of the registered agents. Its name is its hostname. Errors are
// as those of Framework.
func Agent(all *masterpb.Response_GetAgents, text string) (mesos.AgentID, error) {
	var things []thing
	for _, a := range all.GetAgents() {
		things = append(things, thing{a.GetAgentInfo().GetId().GetValue(), a.GetAgentInfo().GetHostname()})
	}
	id, err := pick("agent", things, text)
	return mesos.AgentID(id), err
}

// pick tries, in order: the ID, the name, the beginning of an ID, the end of an ID
// after a dash (IDs of a cluster begin alike and end in a number).
func pick(kind string, all []thing, text string) (string, error) {
	if text == "" {
		return "", mesos.Errorf(mesos.Invalid, "the %s has no name", kind)
	}
	var fit []thing
	for _, fits := range []func(thing) bool{
		func(t thing) bool { return t.id == text },
		func(t thing) bool { return t.name == text },
		func(t thing) bool { return strings.HasPrefix(t.id, text) },
		func(t thing) bool { return strings.HasSuffix(t.id, "-"+text) },
	} {
		for _, t := range all {
			if fits(t) {
				fit = append(fit, t)
			}
		}
		switch {
		case len(fit) == 1:
			return fit[0].id, nil
		case len(fit) > 1:
			return "", mesos.Errorf(mesos.Invalid, "%q may be any of %d %ss: %s", text, len(fit), kind, list(fit))
		}
	}
	if len(all) == 0 {
		return "", mesos.Errorf(mesos.NotFound, "there is no %s %q: the cluster has no %ss", kind, text, kind)
	}
	return "", mesos.Errorf(mesos.NotFound, "there is no %s %q; there is %s", kind, text, list(all))
}

func list(things []thing) string {
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
