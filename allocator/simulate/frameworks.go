package simulate

import (
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// defaultRefuse is Mesos's default of Filters.refuse_seconds.
const defaultRefuse = 5 * time.Second

func (r *reader) framework(n *yaml.Node) error {
	count, name := 1, ""
	f := Framework{Refuse: defaultRefuse, Capabilities: allocation.MultiRole}
	var tasks *yaml.Node
	err := r.object(n, "a framework", []string{"name", "tasks"},
		field{"name", r.text("name", &name)},
		field{"count", r.count("count", &count, MaxFrameworks)},
		field{"roles", r.each("roles", func(n *yaml.Node) error {
			role, err := r.scalar(n, "roles")
			if err == nil {
				err = r.roleName(n, role)
			}
			f.Roles = append(f.Roles, role)
			return err
		})},
		field{"capabilities", r.each("capabilities", func(n *yaml.Node) error {
			text, err := r.scalar(n, "capabilities")
			capability, known := capabilities[text]
			if err == nil && !known {
				err = r.at(n, "capabilities: %q is none that matters to offers", text)
			}
			f.Capabilities |= capability
			return err
		})},
		field{"arrives", r.duration("arrives", &f.Arrives)},
		field{"leaves", r.duration("leaves", &f.Leaves)},
		field{"refuse", r.duration("refuse", &f.Refuse)},
		field{"answer", r.duration("answer", &f.Answer)},
		field{"suppress", r.boolean("suppress", &f.Suppress)},
		field{"tasks", func(n *yaml.Node) error { tasks = n; return nil }},
	)
	if err != nil {
		return err
	}
	if f.Roles == nil {
		f.Roles = []string{mesos.AnyRole}
	}
	first := f.Roles[0]
	slices.Sort(f.Roles)
	f.Roles = slices.Compact(f.Roles)
	if f.Leaves != 0 && f.Leaves <= f.Arrives {
		return r.at(n, "framework %q: it leaves at %v, not after it arrives at %v", name, f.Leaves, f.Arrives)
	}
	if err := mesos.ValidateID(mesos.FrameworkID(name)); err != nil {
		return r.at(n, "framework %q: %w", name, err)
	}
	if err := r.each("tasks", func(n *yaml.Node) error { return r.task(n, &f, first, count) })(tasks); err != nil {
		return err
	}
	if len(r.c.Frameworks)+count > MaxFrameworks {
		return r.at(n, "framework %q: there are more than %d frameworks", name, MaxFrameworks)
	}
	for _, id := range several(name, count) {
		if err := r.claim(n, "framework", id); err != nil {
			return err
		}
		one := f
		one.ID = mesos.FrameworkID(id)
		r.c.Frameworks = append(r.c.Frameworks, one)
	}
	return nil
}

// task reads tasks of a framework of which there are count.
func (r *reader) task(n *yaml.Node, f *Framework, role string, count int) error {
	t := Tasks{Count: 1, Role: role}
	err := r.object(n, "a task", []string{"resources"},
		field{"count", r.count("count", &t.Count, MaxTasks)},
		field{"role", r.text("role", &t.Role)},
		field{"resources", amountsOf(&r.decoder, "resources", &t.Resources, unreserved)},
		field{"duration", r.timeBetween("duration", &t.Duration, time.Millisecond, MaxDuration)},
		field{"after", r.duration("after", &t.After)},
	)
	if err != nil {
		return err
	}
	if !slices.Contains(f.Roles, t.Role) {
		return r.at(n, "a task: %q is not a role of its framework", t.Role)
	}
	if t.Resources.IsEmpty() {
		return r.at(n, "a task: it needs no resources")
	}
	if !t.Resources.Reserved().IsEmpty() {
		return r.at(n, "a task: resources: name no role here; what is reserved to the task's role is taken first")
	}
	if t.Role != mesos.AnyRole { // what is reserved to the role is found first
		if t.Resources, err = t.Resources.PushReservation(resources.Reservation{Role: t.Role}); err != nil {
			return r.at(n, "a task: resources: %w", err)
		}
	}
	t.Resources = t.Resources.Allocate(t.Role)
	if r.tasks += t.Count * count; r.tasks > MaxTasks {
		return r.at(n, "a task: there are more than %d tasks", MaxTasks)
	}
	f.Tasks = append(f.Tasks, t)
	return nil
}
