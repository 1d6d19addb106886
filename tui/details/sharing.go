package details

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/kinds"
	"github.com/mesosctl/mesosctl/tui/cluster"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/text"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/maintenancepb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
)

// find is the one of a list that has an ID; nil if there is none.
func find[T any](list []*T, id string, of func(*T) string) *T {
	if i := slices.IndexFunc(list, func(x *T) bool { return of(x) == id }); i >= 0 {
		return list[i]
	}
	return nil
}

func offerID(o *mesospb.Offer) string         { return o.GetId().GetValue() }
func operationID(o *mesospb.Operation) string { return kinds.UUID(o.GetUuid().GetValue()) }

// message is a thing as the API has it; nil if it is not there.
func message(c *cluster.Cluster, ref page.Ref) wire.Message {
	switch ref.Kind {
	case page.Task:
		if t := c.Task(ref.Framework, ref.ID); t != nil {
			return t.Proto()
		}
	case page.Agent:
		if a := c.Agent(ref.ID); a != nil {
			return a.Proto()
		}
	case page.Framework:
		if f := c.Framework(ref.ID); f != nil {
			return f.Proto()
		}
	case page.Role:
		if r := find(c.Polled.Roles, ref.ID, (*mesospb.Role).GetName); r != nil {
			return r
		}
	case page.Offer:
		if o := find(c.Polled.Offers, ref.ID, offerID); o != nil {
			return o
		}
	case page.Operation:
		if o := find(c.Polled.Operations, ref.ID, operationID); o != nil {
			return o
		}
	case page.Machine:
		if w := windowOf(c.Polled.Schedule, ref.ID); w != nil {
			return w
		}
	case page.Master:
		if c.Polled.Leader != nil {
			return &masterpb.Response_GetMaster{MasterInfo: c.Polled.Leader}
		}
	}
	return nil
}

func (p *Page) role(d *document) bool {
	c := p.deps.Cluster()
	r := find(c.Polled.Roles, p.ref.ID, (*mesospb.Role).GetName)
	quota := find(c.Polled.Quotas, p.ref.ID, (*quotapb.QuotaConfig).GetRole)
	if r == nil && quota == nil {
		return false
	}
	d.section("role " + text.Clean(p.ref.ID))
	if r != nil {
		d.field("weight", strconv.FormatFloat(r.GetWeight(), 'f', -1, 64))
		d.field("resources", kinds.Resources(r.GetResources()))
		d.field("share", text.Percent(cluster.AmountsOf(r.GetResources()).Share(c.Total()))+" of the cluster")
	}
	if above, _, nested := cutLast(p.ref.ID); nested {
		d.link("within", above, show(p.deps, page.Ref{Kind: page.Role, ID: above}))
	}
	p.quota(d, quota, cluster.AmountsOf(r.GetResources()))
	if ids := r.GetFrameworks(); len(ids) > 0 {
		d.section("frameworks")
		for _, id := range ids {
			ref := page.Ref{Kind: page.Framework, ID: id.GetValue()}
			d.entry(ref.Kind, titled(name(c, ref), ref.ID), show(p.deps, ref))
		}
	}
	p.rolesBelow(d)
	return true
}

// cutLast splits a role at its last slash.
func cutLast(role string) (above, last string, nested bool) {
	if i := strings.LastIndexByte(role, '/'); i > 0 {
		return role[:i], role[i+1:], true
	}
	return "", role, false
}

// quota shows what a role holds against its guarantees and limits.
func (p *Page) quota(d *document, q *quotapb.QuotaConfig, held cluster.Amounts) {
	if q == nil {
		return
	}
	d.section("quota")
	rows := [][]string{{"RESOURCE", "HELD", "GUARANTEE", "LIMIT"}}
	names := map[string]float64{"cpus": held.CPUs.Float(), "mem": held.Mem.Float(), "disk": held.Disk.Float(), "gpus": held.GPUs.Float()}
	for _, name := range []string{"cpus", "mem", "disk", "gpus"} {
		guarantee, limit := q.GetGuarantees()[name], q.GetLimits()[name]
		if guarantee == nil && limit == nil {
			continue
		}
		amount := func(v *mesospb.Value_Scalar) string {
			if v == nil {
				return "-"
			}
			return strconv.FormatFloat(v.GetValue(), 'f', -1, 64)
		}
		rows = append(rows, []string{name, strconv.FormatFloat(names[name], 'f', -1, 64), amount(guarantee), amount(limit)})
	}
	d.table(rows)
}

func (p *Page) rolesBelow(d *document) {
	first := true
	for _, r := range p.deps.Cluster().Polled.Roles {
		if above, _, nested := cutLast(r.GetName()); nested && above == p.ref.ID {
			if first {
				d.section("roles in it")
				first = false
			}
			d.entry(page.Role, r.GetName(), show(p.deps, page.Ref{Kind: page.Role, ID: r.GetName()}))
		}
	}
}

func (p *Page) offer(d *document) bool {
	c := p.deps.Cluster()
	o := find(c.Polled.Offers, p.ref.ID, offerID)
	if o == nil {
		return false
	}
	d.section("offer " + text.Clean(p.ref.ID))
	agent := page.Ref{Kind: page.Agent, ID: o.GetAgentId().GetValue()}
	framework := page.Ref{Kind: page.Framework, ID: o.GetFrameworkId().GetValue()}
	d.link("agent", titled(name(c, agent), agent.ID), show(p.deps, agent))
	d.link("framework", titled(name(c, framework), framework.ID), show(p.deps, framework))
	if role := o.GetAllocationInfo().GetRole(); role != "" {
		d.link("role", role, show(p.deps, page.Ref{Kind: page.Role, ID: role}))
	}
	d.field("resources", kinds.Resources(o.GetResources()))
	if u := o.GetUnavailability(); u != nil {
		d.styled("unavailable", span(u), d.style.Warn)
	}
	return true
}

func (p *Page) operation(d *document) bool {
	c := p.deps.Cluster()
	o := find(c.Polled.Operations, p.ref.ID, operationID)
	if o == nil {
		return false
	}
	d.section("operation " + text.Clean(p.ref.ID))
	d.field("type", o.GetInfo().GetType().String())
	d.styled("state", o.GetLatestStatus().GetState().String(), d.style.Warn)
	d.field("ID", o.GetInfo().GetId().GetValue())
	d.field("message", o.GetLatestStatus().GetMessage())
	if id := o.GetAgentId().GetValue(); id != "" {
		ref := page.Ref{Kind: page.Agent, ID: id}
		d.link("agent", titled(name(c, ref), id), show(p.deps, ref))
	}
	if id := o.GetFrameworkId().GetValue(); id != "" {
		ref := page.Ref{Kind: page.Framework, ID: id}
		d.link("framework", titled(name(c, ref), id), show(p.deps, ref))
	}
	d.field("result", kinds.Resources(o.GetLatestStatus().GetConvertedResources()))
	rows := [][]string{{"STATE", "MESSAGE"}}
	for _, s := range o.GetStatuses() {
		rows = append(rows, []string{s.GetState().String(), s.GetMessage()})
	}
	if len(rows) > 1 {
		d.section("statuses")
		d.table(rows)
	}
	return true
}

// windowOf is the part of a schedule that names a machine.
func windowOf(schedule *maintenancepb.Schedule, machine string) *maintenancepb.Window {
	return find(schedule.GetWindows(), machine, func(w *maintenancepb.Window) string {
		if slices.ContainsFunc(w.GetMachineIds(), func(id *mesospb.MachineID) bool { return kinds.Machine(id) == machine }) {
			return machine
		}
		return ""
	})
}

func span(u *mesospb.Unavailability) string {
	begin, length := kinds.Window(u)
	if length == "ever" {
		return "from " + begin + " on"
	}
	return "from " + begin + " for " + length
}

func (p *Page) machine(d *document) bool {
	c := p.deps.Cluster()
	w := windowOf(c.Polled.Schedule, p.ref.ID)
	if w == nil {
		return false
	}
	d.section("machine " + text.Clean(p.ref.ID))
	mode, look := "up", d.style.Good
	status := c.Polled.Maintenance
	for _, m := range status.GetDrainingMachines() {
		if kinds.Machine(m.GetId()) == p.ref.ID {
			mode, look = "draining", d.style.Warn
		}
	}
	for _, m := range status.GetDownMachines() {
		if kinds.Machine(m) == p.ref.ID {
			mode, look = "down", d.style.Bad
		}
	}
	d.styled("mode", mode, look)
	d.field("unavailable", span(w.GetUnavailability()))
	if start := time.Unix(0, w.GetUnavailability().GetStart().GetNanoseconds()); start.After(p.deps.Now()) {
		d.field("begins in", kinds.Age(start.Sub(p.deps.Now())))
	}
	p.agentsOf(d, w)
	return true
}

// agentsOf are the agents on the machine.
func (p *Page) agentsOf(d *document, w *maintenancepb.Window) {
	var on []*cluster.Agent
	for _, a := range p.deps.Cluster().Agents.All() {
		if slices.ContainsFunc(w.GetMachineIds(), func(id *mesospb.MachineID) bool { return kinds.Machine(id) == p.ref.ID && runsOn(a, id) }) {
			on = append(on, a)
		}
	}
	if len(on) == 0 {
		return
	}
	slices.SortFunc(on, func(a, b *cluster.Agent) int { return strings.Compare(a.ID, b.ID) })
	d.section("agents")
	for _, a := range on {
		d.entry(page.Agent, titled(a.Hostname, a.ID), show(p.deps, page.Ref{Kind: page.Agent, ID: a.ID}))
	}
}

// runsOn reports whether an agent is on a machine, as far as it says.
func runsOn(a *cluster.Agent, id *mesospb.MachineID) bool {
	if id.GetHostname() != "" {
		return a.Hostname == id.GetHostname()
	}
	return strings.HasPrefix(a.Address, id.GetIp()+":")
}

// machineOf is the machine of the schedule that an agent is on; empty if there is none.
func machineOf(c *cluster.Cluster, a *cluster.Agent) string {
	for _, w := range c.Polled.Schedule.GetWindows() {
		for _, id := range w.GetMachineIds() {
			if runsOn(a, id) {
				return kinds.Machine(id)
			}
		}
	}
	return ""
}

func (p *Page) master(d *document) bool {
	polled := p.deps.Cluster().Polled
	i := slices.IndexFunc(polled.Masters, func(m cluster.Master) bool { return m.Address == p.ref.ID })
	if i < 0 {
		return false
	}
	m := polled.Masters[i]
	d.section("master " + text.Clean(m.Address))
	look := d.style.Text
	if m.Leads {
		look = d.style.Good
	}
	d.styled("state", m.State, look)
	d.field("ID", m.ID)
	d.field("version", m.Version)
	d.field("note", m.Note)
	if m.Leads {
		d.field("elected", when(polled.Elected, p.deps.Now()))
		d.field("started", when(polled.Started, p.deps.Now()))
		d.field("hostname", polled.Leader.GetHostname())
	}
	return true
}
