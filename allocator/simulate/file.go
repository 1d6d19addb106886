package simulate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/mesosctl/mesosctl/allocator"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// minInterval is the least allocation interval: a shorter one is of no use and
// makes a simulation take long.
const minInterval = 10 * time.Millisecond

// reader builds a Cluster from a document.
type reader struct {
	decoder
	c     *Cluster
	seen  map[string]bool // names of agents and of frameworks, with their kind
	tasks int
}

// Parse reads a file, whose name is for errors: they are of kind mesos.Invalid
// and begin with the name and the line, as in
// `cluster.yaml:12: role "a b": ...`. docs/allocation.md describes the fields.
func Parse(name string, data []byte) (*Cluster, error) {
	r := &reader{decoder: decoder{name}, seen: map[string]bool{}, c: &Cluster{
		Config: allocator.Config{
			AllocationInterval: time.Second, MinAllocatable: allocator.DefaultMinAllocatable(), FilterGPUs: true,
		},
		Duration: DefaultDuration,
	}}
	if len(data) > MaxFileBytes {
		return nil, mesos.Errorf(mesos.Invalid, "%s: the file is over %d bytes", name, MaxFileBytes)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "%s", syntaxError(name, err))
	}
	if len(document.Content) == 0 {
		return nil, mesos.Errorf(mesos.Invalid, "%s:1: the file is empty", name)
	}
	err := r.object(document.Content[0], "the file", []string{"agents", "frameworks"},
		field{"duration", r.duration("duration", &r.c.Duration)},
		field{"report_at", r.each("report_at", r.reportAt)},
		field{"allocator", r.allocator},
		field{"agents", r.each("agents", r.agents)},
		field{"roles", r.pairs("roles", r.role)},
		field{"frameworks", r.each("frameworks", r.framework)},
	)
	if err != nil {
		return nil, err
	}
	slices.Sort(r.c.ReportAt)
	return r.c, nil
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// syntaxError brings an error of the YAML library into the form of the others.
func syntaxError(name string, err error) string {
	found := yamlLine.FindStringSubmatch(err.Error())
	if found == nil || found[1] == "" {
		return name + ": this is not YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")
	}
	return fmt.Sprintf("%s:%s: this is not YAML: %s", name, found[1], strings.TrimPrefix(err.Error(), found[0]))
}

func (r *reader) reportAt(n *yaml.Node) error {
	var at time.Duration
	err := r.duration("report_at", &at)(n)
	r.c.ReportAt = append(r.c.ReportAt, at)
	return err
}

func (r *reader) allocator(n *yaml.Node) error {
	c := &r.c.Config
	return r.object(n, "allocator", nil,
		field{"allocation_interval", r.timeBetween("allocation_interval", &c.AllocationInterval, minInterval, time.Hour)},
		field{"min_allocatable_resources", parsed(&r.decoder, "min_allocatable_resources", &c.MinAllocatable, alternatives)},
		field{"role_sorter", parsed(&r.decoder, "role_sorter", &c.RoleSorter, allocator.ParseSorter)},
		field{"framework_sorter", parsed(&r.decoder, "framework_sorter", &c.FrameworkSorter, allocator.ParseSorter)},
		field{"fair_sharing_excluded_resource_names", r.each("fair_sharing_excluded_resource_names", func(n *yaml.Node) error {
			name, err := r.scalar(n, "fair_sharing_excluded_resource_names")
			c.FairnessExclude = append(c.FairnessExclude, name)
			return err
		})},
		field{"filter_gpu_resources", r.boolean("filter_gpu_resources", &c.FilterGPUs)},
		field{"region", r.text("region", &c.Domain.Region)},
	)
}

func alternatives(text string) (list []resources.Quantities, err error) {
	for part := range strings.SplitSeq(text, "|") {
		q, err := resources.ParseQuantities(part)
		if err != nil {
			return nil, err
		}
		list = append(list, q)
	}
	return list, nil
}

// claim notes a name, which only one may have.
func (r *reader) claim(n *yaml.Node, kind, name string) error {
	if r.seen[kind+name] {
		return r.at(n, "%s %q: there is another one of that name", kind, name)
	}
	r.seen[kind+name] = true
	return nil
}

// several is the names of count things alike: name, or name-1, name-2 and so on.
func several(name string, count int) []string {
	if count == 1 {
		return []string{name}
	}
	list := make([]string, count)
	for i := range list {
		list[i] = fmt.Sprintf("%s-%d", name, i+1)
	}
	return list
}

func (r *reader) agents(n *yaml.Node) error {
	count, name := 1, "agent"
	a := allocation.Agent{Capabilities: allocation.MultiRole | allocation.ReservationRefinement}
	var reserved resources.Resources
	err := r.object(n, "an agent", []string{"resources"},
		field{"count", r.count("count", &count, MaxAgents)},
		field{"name", r.text("name", &name)},
		field{"resources", amountsOf(&r.decoder, "resources", &a.Total, unreserved)},
		field{"reserved", r.pairs("reserved", func(key, value *yaml.Node) error {
			if err := r.roleName(key, key.Value); err != nil {
				return err
			}
			var part resources.Resources
			err := amountsOf(&r.decoder, "reserved", &part, func(text string) (resources.Resources, error) {
				return resources.Parse(text, key.Value)
			})(value)
			reserved = reserved.Add(part)
			return err
		})},
		field{"attributes", parsed(&r.decoder, "attributes", &a.Attributes, mesos.ParseAttributes)},
		field{"region", r.text("region", &a.Domain.Region)},
		field{"zone", r.text("zone", &a.Domain.Zone)},
	)
	if err != nil {
		return err
	}
	a.Total = a.Total.Add(reserved)
	if a.Total.IsEmpty() {
		return r.at(n, "agent %q: it has no resources", name)
	}
	if err := mesos.ValidateID(mesos.AgentID(name)); err != nil {
		return r.at(n, "agent %q: %w", name, err)
	}
	if len(r.c.Agents)+count > MaxAgents {
		return r.at(n, "agent %q: there are more than %d agents", name, MaxAgents)
	}
	for _, id := range several(name, count) {
		if err := r.claim(n, "agent", id); err != nil {
			return err
		}
		one := a
		one.ID, one.Hostname = mesos.AgentID(id), id
		r.c.Agents = append(r.c.Agents, &one)
	}
	return nil
}

func unreserved(text string) (resources.Resources, error) {
	return resources.Parse(text, mesos.AnyRole)
}

func (r *reader) roleName(n *yaml.Node, name string) error {
	if err := mesos.ValidateRole(name); err != nil {
		return r.at(n, "role %q: %w", name, err)
	}
	return nil
}

func (r *reader) role(key, value *yaml.Node) error {
	role := Role{Name: key.Value, Weight: 1, where: r.where(key)}
	var guarantee resources.Quantities
	var limit resources.Limits
	if err := r.roleName(key, role.Name); err != nil {
		return err
	}
	err := r.object(value, fmt.Sprintf("role %q", role.Name), nil,
		field{"weight", r.weight("weight", &role.Weight)},
		field{"guarantee", amountsOf(&r.decoder, "guarantee", &guarantee, resources.ParseQuantities)},
		field{"limit", amountsOf(&r.decoder, "limit", &limit, resources.ParseLimits)},
	)
	if err != nil {
		return err
	}
	if role.Name == mesos.AnyRole && !(guarantee.IsEmpty() && limit.IsEmpty()) {
		return r.at(key, "role %q: this role can't have quota", role.Name)
	}
	for name, least := range guarantee.All() {
		if most, limited := limit.Get(name); limited && most < least {
			return r.at(key, "role %q: its guarantee of %v %s is over its limit of %v", role.Name, least, name, most)
		}
	}
	role.Quota.Guarantees = guarantee
	for name, most := range limit.All() {
		if role.Quota.Limits == nil {
			role.Quota.Limits = map[string]resources.Scalar{}
		}
		role.Quota.Limits[name] = most
	}
	r.c.Roles = append(r.c.Roles, role)
	return nil
}
