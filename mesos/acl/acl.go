// Package acl decides who may do what: access control lists as Mesos's local
// authorizer has them. An ACLs is immutable and a question costs no allocation,
// so that cores and servers may ask it anywhere.
// https://mesos.apache.org/documentation/latest/authorization/
package acl

import (
	"slices"
	"strings"
)

// ACLs are parsed access control lists. The nil *ACLs allows everything: that
// is a daemon without --acls.
type ACLs struct {
	permissive bool
	rules      [actions][]rule
}

// A rule is one entry of a list. The first that matches both the principal and
// the object decides.
type rule struct{ subjects, objects entity }

// An entity is the principals or the objects of a rule.
type entity struct {
	kind   kind
	values []string
	// below are roles, each with a slash at its end, whose descendants are meant.
	below []string
}

type kind int

const (
	some kind = iota // those named
	anyOne
	none // matches all, and allows none
)

// Allows reports whether a principal may do something to an object: a role, a
// user, a principal or a path, as the action has it. A principal that is empty
// is nobody: somebody who did not authenticate.
func (a *ACLs) Allows(principal string, action Action, object string) bool {
	return a == nil || a.decide(principal, action, object, false)
}

// AllowsAny is Allows for every object there is, or for actions that have none.
func (a *ACLs) AllowsAny(principal string, action Action) bool {
	return a == nil || a.decide(principal, action, "", true)
}

// AllowsAll is Allows for each of several objects. Of no objects the lists say
// nothing, so what they do not mention counts.
func (a *ACLs) AllowsAll(principal string, action Action, objects []string) bool {
	if a == nil {
		return true
	}
	for _, object := range objects {
		if !a.decide(principal, action, object, false) {
			return false
		}
	}
	return len(objects) > 0 || a.permissive
}

func (a *ACLs) decide(principal string, action Action, object string, all bool) bool {
	for i := range a.rules[action] {
		r := &a.rules[action][i]
		subjectMatches, subjectAllowed := r.subjects.admit(principal, principal == "")
		objectMatches, objectAllowed := r.objects.admit(object, all)
		if subjectMatches && objectMatches {
			return subjectAllowed && objectAllowed
		}
	}
	return a.permissive
}

// admit reports whether an entity is about a value (all means about every value
// there is), and if so whether it lets it pass.
func (e *entity) admit(value string, all bool) (matches, allowed bool) {
	switch e.kind {
	case anyOne:
		return true, true
	case none:
		return true, false
	}
	if all {
		return false, false
	}
	if slices.Contains(e.values, value) {
		return true, true
	}
	for _, prefix := range e.below {
		if strings.HasPrefix(value, prefix) {
			return true, true
		}
	}
	return false, false
}
