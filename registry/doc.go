// Package registry is the control plane: an embedded etcd member (or a client
// of an external cluster), the election of the leading master, and the store of
// what must survive that master.
//
// The leader is whoever created the leader key, and its term is that key's
// create revision. Every write compares the revision in the same transaction,
// so a master that was deposed and does not know it yet can write nothing:
// leadership is fenced by revision, not by belief.
//
// All keys are under /mesosctl/. The keys below /mesosctl/registry/ and their
// values belong to package master.
package registry
