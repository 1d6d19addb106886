package details

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/mesosctl/mesosctl/kinds"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/cluster"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/style"
	"github.com/mesosctl/mesosctl/tui/text"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// stateStyle is how a task's state looks.
func stateStyle(st *style.Style, state mesos.TaskState) lipgloss.Style {
	switch {
	case cluster.Bad(state):
		return st.Bad
	case state == mesos.TaskRunning || state == mesos.TaskFinished:
		return st.Good
	}
	return st.Warn
}

// when is a time and how long ago it was.
func when(at, now time.Time) string {
	if at.IsZero() || at.Unix() == 0 {
		return ""
	}
	return at.Format(time.DateTime) + " (" + text.Since(at, now) + " ago)"
}

func (p *Page) task(d *document) bool {
	c := p.deps.Cluster()
	t := c.Task(p.ref.Framework, p.ref.ID)
	if t == nil {
		return false
	}
	m := t.Proto()
	d.section("task " + text.Clean(t.ID))
	if t.Name != t.ID {
		d.field("name", t.Name)
	}
	d.styled("state", t.State.String(), stateStyle(d.style, t.State))
	p.belongs(d, t)
	d.field("executor", t.Executor)
	d.field("user", t.User)
	d.field("container", containerID(m))
	d.field("resources", kinds.Resources(m.GetResources()))
	d.field("limits", limits(m.GetLimits()))
	d.field("started", when(t.Started, p.deps.Now()))
	d.field("updated", when(t.Updated, p.deps.Now()))
	switch t.Health {
	case cluster.Healthy:
		d.styled("health", "healthy", d.style.Good)
	case cluster.Unhealthy:
		d.styled("health", "unhealthy", d.style.Bad)
	}
	d.field("addresses", strings.Join(addresses(m), ", "))
	d.field("ports", ports(m.GetDiscovery()))
	d.field("image", image(m.GetContainer()))
	d.field("labels", labels(m.GetLabels()))
	if rows := kinds.Statuses(m); len(rows) > 1 {
		d.section("statuses")
		slices.Reverse(rows[1:]) // the latest first
		d.table(rows)
	}
	return true
}

// belongs are the things that a task belongs to.
func (p *Page) belongs(d *document, t *cluster.Task) {
	c := p.deps.Cluster()
	agent, framework := page.Ref{Kind: page.Agent, ID: t.Agent}, page.Ref{Kind: page.Framework, ID: t.Framework}
	if t.Agent != "" {
		d.link("agent", titled(name(c, agent), t.Agent), show(p.deps, agent))
	}
	d.link("framework", titled(name(c, framework), t.Framework), show(p.deps, framework))
	if t.Role != "" {
		d.link("role", t.Role, show(p.deps, page.Ref{Kind: page.Role, ID: t.Role}))
	}
}

// titled is a name and an ID, if they are not the same.
func titled(name, id string) string {
	if name == id {
		return id
	}
	return name + " (" + id + ")"
}

func containerID(m *mesospb.Task) string {
	for _, s := range slices.Backward(m.GetStatuses()) {
		if id := s.GetContainerStatus().GetContainerId(); id != nil {
			parts := []string{id.GetValue()}
			for id = id.GetParent(); id != nil; id = id.GetParent() {
				parts = append(parts, id.GetValue())
			}
			slices.Reverse(parts)
			return strings.Join(parts, " / ")
		}
	}
	return ""
}

// addresses are those of the container, as the latest status that has some tells them.
func addresses(m *mesospb.Task) []string {
	for _, s := range slices.Backward(m.GetStatuses()) {
		var found []string
		for _, n := range s.GetContainerStatus().GetNetworkInfos() {
			for _, a := range n.GetIpAddresses() {
				found = append(found, a.GetIpAddress())
			}
		}
		if found != nil {
			return found
		}
	}
	return nil
}

func ports(info *mesospb.DiscoveryInfo) string {
	var list []string
	for _, port := range info.GetPorts().GetPorts() {
		text := strconv.Itoa(int(port.GetNumber()))
		if port.GetName() != "" {
			text = port.GetName() + ":" + text
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

func image(info *mesospb.ContainerInfo) string {
	switch {
	case info.GetDocker() != nil:
		return info.GetDocker().GetImage()
	case info.GetMesos().GetImage().GetDocker() != nil:
		return info.GetMesos().GetImage().GetDocker().GetName()
	}
	return info.GetMesos().GetImage().GetAppc().GetName()
}

func labels(list *mesospb.Labels) string {
	var all []string
	for _, l := range list.GetLabels() {
		all = append(all, l.GetKey()+"="+l.GetValue())
	}
	return strings.Join(all, ", ")
}

func limits(amounts map[string]*mesospb.Value_Scalar) string {
	var all []string
	for name, amount := range amounts {
		all = append(all, name+":"+strconv.FormatFloat(amount.GetValue(), 'f', -1, 64))
	}
	slices.Sort(all)
	return strings.Join(all, ";")
}
