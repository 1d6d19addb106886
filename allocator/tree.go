package allocator

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/mesos/resources"
)

// tree orders everyone who waits for resources. Its inner nodes are roles by
// path; below each role, a node named "." holds the frameworks subscribed to
// that very role, so that they compete with the role's children as one. Its
// leaves are clients. Siblings are ordered by share of what their subtree
// holds, then by how often they were served, then by name.
//
// Changing what a leaf holds only notes its path; settle moves the noted nodes
// to their places among their siblings.
// See https://mesos.apache.org/documentation/latest/roles/.
type tree struct {
	roles, frameworks Sorter
	nodes             []node
	free              []int32
	total             resources.Quantities // of the cluster
	excluded          map[string]bool      // resources that don't count
	stale             bool                 // the total changed: every share must be computed again
	noted             []int32
}

// root is the node of all roles.
const root int32 = 0

// ownLeaves names the node of a role's own frameworks.
const ownLeaves = "."

type node struct {
	name     string
	parent   int32
	depth    int32
	client   int32 // of a leaf, else -1
	weight   uint64
	held     resources.Quantities // by the whole subtree
	served   uint64               // offers made to the subtree
	key      key                  // as sorted: held and served may have moved on
	active   int32                // active leaves at or below
	noted    bool
	children map[string]int32
	order    []int32 // active children, first to be served first
}

// key is what siblings are sorted by, before their names.
type key struct {
	priority uint64 // the least first; 0 for all unless sorted by priority
	share    share
	served   uint64
}

func newTree(roles, frameworks Sorter) *tree {
	return &tree{roles: roles, frameworks: frameworks, nodes: []node{{client: -1, parent: -1, weight: unitWeight}}}
}

// child is the child of parent with that name, made if there is none.
func (t *tree) child(parent int32, name string) int32 {
	if id, ok := t.nodes[parent].children[name]; ok {
		return id
	}
	n := node{
		name: name, parent: parent, depth: t.nodes[parent].depth + 1,
		client: -1, weight: unitWeight,
	}
	var id int32
	if last := len(t.free) - 1; last >= 0 {
		id, t.free = t.free[last], t.free[:last]
		t.nodes[id] = n
	} else {
		id = int32(len(t.nodes))
		t.nodes = append(t.nodes, n)
	}
	if t.nodes[parent].children == nil {
		t.nodes[parent].children = map[string]int32{}
	}
	t.nodes[parent].children[name] = id
	return id
}

// role is the node of a role, made with its ancestors if there is none.
func (t *tree) role(path string) int32 {
	id := root
	for name := range strings.SplitSeq(path, "/") {
		id = t.child(id, name)
	}
	return id
}

// remove drops a node that holds nothing and has no active leaves, and every
// ancestor that is of no use without it.
func (t *tree) remove(id int32) {
	t.settle()
	for id != root && len(t.nodes[id].children) == 0 {
		n := &t.nodes[id]
		parent := n.parent
		delete(t.nodes[parent].children, n.name)
		*n = node{client: -1, parent: -1}
		t.free = append(t.free, id)
		id = parent
	}
}

// setActive puts a leaf into the running or takes it out.
func (t *tree) setActive(leaf int32, active bool) {
	if (t.nodes[leaf].active > 0) == active {
		return
	}
	t.settle()
	for id := leaf; ; id = t.nodes[id].parent {
		n := &t.nodes[id]
		was := n.active
		if active {
			n.active++
		} else {
			n.active--
		}
		if id == root {
			return
		}
		switch {
		case was == 0:
			t.insert(id)
		case n.active == 0:
			t.take(id)
		}
	}
}

// add changes what a leaf and its ancestors hold. It returns after noting the
// path; settle sorts.
func (t *tree) add(id int32, held resources.Quantities) {
	n := &t.nodes[id]
	n.held = n.held.Add(held)
	t.note(id)
}

// sub is add's opposite.
func (t *tree) sub(id int32, held resources.Quantities) {
	n := &t.nodes[id]
	n.held = n.held.Sub(held)
	t.note(id)
}

// serve counts an offer made to a leaf.
func (t *tree) serve(leaf int32) {
	for id := leaf; id != root; id = t.nodes[id].parent {
		t.nodes[id].served++
		t.note(id)
	}
}

func (t *tree) note(id int32) {
	if n := &t.nodes[id]; !n.noted && n.active > 0 && id != root {
		n.noted = true
		t.noted = append(t.noted, id)
	}
}

// settle brings every order up to date.
func (t *tree) settle() {
	if t.stale {
		t.sortAll()
		return
	}
	for _, id := range t.noted {
		if n := &t.nodes[id]; n.noted {
			n.noted = false
			if len(t.nodes[n.parent].order) == 1 {
				continue // its place is certain; insert sees to its key
			}
			t.take(id)
			t.insert(id)
		}
	}
	t.noted = t.noted[:0]
}

func (t *tree) sortAll() {
	for i := range t.nodes {
		if n := &t.nodes[i]; n.active > 0 {
			n.key, n.noted = t.keyOf(n), false
		}
	}
	for i := range t.nodes {
		slices.SortFunc(t.nodes[i].order, t.compare)
	}
	t.noted, t.stale = t.noted[:0], false
}

func (t *tree) keyOf(n *node) key {
	sorter := t.roles
	if n.client >= 0 {
		sorter = t.frameworks
	}
	share := dominant(n.held, t.total, t.excluded)
	if sorter == Priority {
		return key{^n.weight, share, n.served}
	}
	return key{0, share.over(n.weight), n.served}
}

// take removes a node from its siblings' order, where its key put it.
func (t *tree) take(id int32) {
	p := &t.nodes[t.nodes[id].parent]
	i := t.search(p.order, id)
	if i == len(p.order) || p.order[i] != id {
		panic("allocator: node " + t.nodes[id].name + " is not among its siblings")
	}
	p.order = slices.Delete(p.order, i, i+1)
}

// insert puts a node into its siblings' order by what it holds now.
func (t *tree) insert(id int32) {
	n := &t.nodes[id]
	n.key, n.noted = t.keyOf(n), false
	p := &t.nodes[n.parent]
	if len(p.order) == 1 {
		only := &t.nodes[p.order[0]]
		only.key = t.keyOf(only)
	}
	i := t.search(p.order, id)
	p.order = slices.Insert(p.order, i, id)
}

// search is where a node is in an order of siblings, or would be.
func (t *tree) search(order []int32, id int32) int {
	low, high := 0, len(order)
	for low < high {
		if mid := (low + high) / 2; t.compare(order[mid], id) < 0 {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// compare orders siblings.
func (t *tree) compare(x, y int32) int {
	a, b := &t.nodes[x], &t.nodes[y]
	switch {
	case a.key.priority != b.key.priority:
		return cmp.Compare(a.key.priority, b.key.priority)
	case a.key.share != b.key.share:
		if a.key.share.less(b.key.share) {
			return -1
		}
		return 1
	case a.key.served != b.key.served:
		if a.key.served < b.key.served {
			return -1
		}
		return 1
	}
	return strings.Compare(a.name, b.name)
}

// before reports whether leaf x is served before leaf y.
func (t *tree) before(x, y int32) bool {
	for t.nodes[x].depth > t.nodes[y].depth {
		x = t.nodes[x].parent
	}
	for t.nodes[y].depth > t.nodes[x].depth {
		y = t.nodes[y].parent
	}
	for t.nodes[x].parent != t.nodes[y].parent {
		x, y = t.nodes[x].parent, t.nodes[y].parent
	}
	return t.compare(x, y) < 0
}

// isBelow reports whether a node is id or below it.
func (t *tree) isBelow(node, id int32) bool {
	for node != id && node != root {
		node = t.nodes[node].parent
	}
	return node == id
}

// changeTotal replaces a part of the cluster's total.
func (t *tree) changeTotal(removed, added resources.Quantities) {
	t.total = t.total.Sub(removed).Add(added)
	t.stale = true
}
