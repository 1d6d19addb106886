package allocator

import (
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// framework is what is known of a framework. One that holds resources may be
// known by its ID only (info is nil), until the master adds it.
type framework struct {
	id      mesos.FrameworkID
	info    *allocation.Framework
	active  bool
	clients []int32 // one for each role it is subscribed to or holds resources under
}

// client is a framework in one of its roles: what resources are allocated to.
type client struct {
	framework  int32
	role       string
	leaf       int32 // in the tree
	subscribed bool
	suppressed bool
	holdings   int // how many agents it holds resources of
	// generation makes the filters of earlier ones void.
	generation uint32
	filters    int // of this generation, on all agents

	capabilities   allocation.Capability
	minAllocatable []resources.Quantities
	constraints    allocation.Constraints
	quota          []*quota // of the role and its ancestors, where set
}

// framework is the slot of a framework, which gets one if it has none.
func (al *Allocator) framework(id mesos.FrameworkID) int32 {
	if f, ok := al.frameworkIDs[id]; ok {
		return f
	}
	var f int32
	if last := len(al.freeFrameworks) - 1; last >= 0 {
		f, al.freeFrameworks = al.freeFrameworks[last], al.freeFrameworks[:last]
	} else {
		f = int32(len(al.frameworks))
		al.frameworks = append(al.frameworks, framework{})
	}
	al.frameworks[f].id = id
	al.frameworkIDs[id] = f
	return f
}

// clientOf is the client of a framework in a role, or -1.
func (al *Allocator) clientOf(f int32, role string) int32 {
	for _, c := range al.frameworks[f].clients {
		if al.clients[c].role == role {
			return c
		}
	}
	return -1
}

// client is clientOf, made if there is none.
func (al *Allocator) client(f int32, role string) int32 {
	if c := al.clientOf(f, role); c >= 0 {
		return c
	}
	var c int32
	if last := len(al.freeClients) - 1; last >= 0 {
		c, al.freeClients = al.freeClients[last], al.freeClients[:last]
	} else {
		c = int32(len(al.clients))
		al.clients = append(al.clients, client{})
	}
	fw := &al.frameworks[f]
	leaf := al.tree.child(al.tree.child(al.tree.role(role), ownLeaves), string(fw.id))
	al.tree.nodes[leaf].client = c
	al.weigh(role)
	al.clients[c] = client{
		framework: f, role: role, leaf: leaf,
		generation: al.clients[c].generation + 1,
		quota:      al.quotasOf(role),
	}
	al.forgiven.set(c)
	fw.clients = append(fw.clients, c)
	return c
}

// dropIfUnused forgets a client that neither is subscribed nor holds anything,
// and its framework if that is known by what it held only.
func (al *Allocator) dropIfUnused(c int32) {
	cl := &al.clients[c]
	if cl.subscribed || cl.holdings > 0 {
		return
	}
	f, leaf := cl.framework, cl.leaf
	al.setActive(c)
	al.tree.remove(leaf)
	*cl = client{framework: -1, generation: cl.generation + 1}
	al.freeClients = append(al.freeClients, c)
	fw := &al.frameworks[f]
	fw.clients = slices.DeleteFunc(fw.clients, func(x int32) bool { return x == c })
	if fw.info == nil && len(fw.clients) == 0 {
		delete(al.frameworkIDs, fw.id)
		*fw = framework{}
		al.freeFrameworks = append(al.freeFrameworks, f)
	}
}

// setActive sees that a client runs for resources if, and only if, it may.
func (al *Allocator) setActive(c int32) {
	cl := &al.clients[c]
	active := cl.subscribed && !cl.suppressed && al.frameworks[cl.framework].active
	al.tree.setActive(cl.leaf, active)
	if active {
		al.active.set(c)
	} else {
		al.active.unset(c)
	}
}

// voidFilters makes void what the client declined.
func (c *client) voidFilters() { c.generation, c.filters = c.generation+1, 0 }

// forgive makes every denial of a client void, its decline filters included.
func (al *Allocator) forgive(c int32) {
	al.clients[c].voidFilters()
	al.reconsider(c)
}

// reconsider makes every denial of a client void but its decline filters.
func (al *Allocator) reconsider(c int32) {
	al.forgiven.set(c)
	if al.active.has(c) {
		al.allChanged = true
	}
}

func (al *Allocator) addFramework(in allocation.AddFramework) {
	if err := in.Framework.Check(); err != nil {
		al.refuse("add framework: %w", err)
		return
	}
	f := al.framework(in.Framework.ID)
	al.frameworks[f].active = in.Active
	al.updateFramework(in.Framework)
	for _, grant := range in.Used {
		grant.Framework = in.Framework.ID
		if i, known := al.agentIDs[grant.Agent]; known { // others say it when they are added
			al.addUsed(i, grant)
			al.refree(i)
		}
	}
	al.planPass()
}

// updateFramework takes over what is known of a framework. Roles that it is no
// longer subscribed to stay as long as it holds resources under them.
func (al *Allocator) updateFramework(info *allocation.Framework) {
	if err := info.Check(); err != nil {
		al.refuse("update framework: %w", err)
		return
	}
	f, ok := al.frameworkIDs[info.ID]
	if !ok {
		return
	}
	fw := &al.frameworks[f]
	fw.info = info
	for _, role := range info.Roles {
		al.client(f, role)
	}
	for _, c := range slices.Clone(fw.clients) {
		cl := &al.clients[c]
		was := cl.subscribed && !cl.suppressed
		cl.subscribed = slices.Contains(info.Roles, cl.role)
		cl.suppressed = slices.Contains(info.Suppressed, cl.role)
		cl.capabilities = info.Capabilities
		cl.constraints = info.Constraints[cl.role]
		cl.minAllocatable = al.config.MinAllocatable
		if min, ok := info.MinAllocatable[cl.role]; ok {
			cl.minAllocatable = min
		}
		al.setActive(c)
		if is := cl.subscribed && !cl.suppressed; is && was {
			al.reconsider(c)
		} else if is {
			al.forgive(c)
		}
		al.dropIfUnused(c)
	}
}

// removeFramework forgets a framework; what it held can be offered to others.
func (al *Allocator) removeFramework(id mesos.FrameworkID) {
	f, ok := al.frameworkIDs[id]
	if !ok {
		return
	}
	fw := &al.frameworks[f]
	fw.info, fw.active = nil, false
	for _, c := range fw.clients {
		al.clients[c].subscribed = false
		al.setActive(c)
	}
	for i := range al.agents {
		al.recoverAll(int32(i), f)
	}
	if _, holds := al.frameworkIDs[id]; holds {
		for _, c := range slices.Clone(al.frameworks[f].clients) {
			al.dropIfUnused(c)
		}
	}
	al.planPass()
}

func (al *Allocator) activateFramework(id mesos.FrameworkID) {
	if f, ok := al.frameworkIDs[id]; ok {
		al.frameworks[f].active = true
		for _, c := range al.frameworks[f].clients {
			al.setActive(c)
			al.reconsider(c)
		}
	}
}

// deactivateFramework stops offers to a framework and voids its filters. What
// it holds stays with it.
func (al *Allocator) deactivateFramework(id mesos.FrameworkID) {
	if f, ok := al.frameworkIDs[id]; ok {
		al.frameworks[f].active = false
		for _, c := range al.frameworks[f].clients {
			al.clients[c].voidFilters()
			al.forgiven.set(c)
			al.setActive(c)
		}
		al.dropInverseFilters(f)
	}
}

// revive lets a framework be offered again what it declined, and ends its
// suppression, in the roles named or in all.
func (al *Allocator) revive(in allocation.Revive) {
	al.eachClient(in.ID, in.Roles, func(c int32) {
		al.clients[c].suppressed = false
		al.setActive(c)
		al.forgive(c)
	})
	if f, ok := al.frameworkIDs[in.ID]; ok {
		al.dropInverseFilters(f)
	}
}

// suppress stops offers to a framework in the roles named or in all.
func (al *Allocator) suppress(in allocation.Suppress) {
	al.eachClient(in.ID, in.Roles, func(c int32) {
		al.clients[c].suppressed = true
		al.setActive(c)
	})
}

// eachClient calls do for a framework's subscribed clients of those roles, or of all.
func (al *Allocator) eachClient(id mesos.FrameworkID, roles []string, do func(c int32)) {
	f, ok := al.frameworkIDs[id]
	if !ok {
		return
	}
	for _, c := range al.frameworks[f].clients {
		cl := &al.clients[c]
		if cl.subscribed && (len(roles) == 0 || slices.Contains(roles, cl.role)) {
			do(c)
		}
	}
}
