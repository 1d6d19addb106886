package mesos

import "strings"

// Named is a thing of a cluster in as few words as a person needs to choose it: an
// element of the answer to GET /mesosctl/names.
type Named struct {
	ID    string `json:"id"`
	Name  string `json:"name,omitempty"`  // what people call it, if that differs
	About string `json:"about,omitempty"` // its state, where it is
}

// Begins reports whether a person who types prefix may mean the thing: it begins
// its ID, its name, or the part of its ID after the last dash, as in S12.
func (n Named) Begins(prefix string) bool {
	return strings.HasPrefix(n.ID, prefix) || strings.HasPrefix(n.Name, prefix) || strings.HasPrefix(n.Short(), prefix)
}

// Short is the part of the ID after the last dash; the ID if it has none.
func (n Named) Short() string { return n.ID[strings.LastIndexByte(n.ID, '-')+1:] }
