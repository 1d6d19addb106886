package exec

import (
	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// executorResources are what the default executor of a task group takes itself.
const executorResources = "cpus:0.1;mem:32;disk:32"

// New makes the machine of an execution.
func New(spec Spec) (*Machine, error) {
	m := &Machine{spec: spec, tasks: map[string]place{}}
	m.spec.Framework = proto.Clone(spec.Framework).(*mesospb.FrameworkInfo)
	m.demands = offerConstraints(spec.Constraints, m.spec.Framework.GetRole())
	for _, task := range spec.Tasks {
		needs, err := convert.Resources(task.GetResources())
		if err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "task '%s': resources: %w", task.GetName(), err)
		}
		m.needs = append(m.needs, needs)
		m.asked = m.asked.Add(needs)
	}
	if len(spec.Tasks) == 0 {
		return nil, mesos.Errorf(mesos.Invalid, "there is no task to run")
	}
	if spec.Group {
		m.asked = m.asked.Add(ofDefaultExecutor())
	}
	m.jobs = make([]job, max(len(spec.Indexes), 1))
	m.waiting = make([]int, len(m.jobs))
	for i := range m.jobs {
		m.jobs[i].number, m.waiting[i] = i, i
	}
	return m, nil
}

func ofDefaultExecutor() resources.Resources {
	own, err := resources.Parse(executorResources, "*")
	if err != nil {
		panic("exec: resources of the default executor: " + err.Error())
	}
	return own
}

func (m *Machine) defaultExecutor(j *job) *mesospb.ExecutorInfo {
	executor := &mesospb.ExecutorInfo{
		Type:        mesospb.ExecutorInfo_DEFAULT.Enum(),
		ExecutorId:  &mesospb.ExecutorID{Value: proto.String(defaultExecutorID + m.suffix(j))},
		FrameworkId: m.framework(),
		Resources:   convert.ToWire(ofDefaultExecutor()),
	}
	if len(m.spec.Networks) > 0 {
		executor.Container = &mesospb.ContainerInfo{
			Type: mesospb.ContainerInfo_MESOS.Enum(), NetworkInfos: networkInfos(m.spec.Networks),
		}
	}
	return executor
}

// room is what is left of an offer, and what is to be launched with it.
type room struct {
	offer      *mesospb.Offer
	left       resources.Resources
	jobs       []*job
	tasks      []*mesospb.TaskInfo // all in one operation
	operations []*mesospb.Offer_Operation
}

// fill launches the next run in a room that holds what it needs. Resources reserved
// for the framework's role are used before unreserved ones.
func (m *Machine) fill(r *room) bool {
	if !r.left.ToUnreserved().Contains(m.asked) {
		return false
	}
	next := &m.jobs[m.waiting[0]]
	left := r.left
	tasks := m.infos(next)
	for i, task := range tasks {
		found, ok := m.take(left, m.needs[i])
		if !ok {
			return false
		}
		left = left.Sub(found)
		task.AgentId = r.offer.GetAgentId()
		task.Resources = convert.ToWire(found)
	}
	if m.spec.Group {
		left = left.Sub(ofDefaultExecutor())
		r.operations = append(r.operations, &mesospb.Offer_Operation{
			Type: mesospb.Offer_Operation_LAUNCH_GROUP.Enum(),
			LaunchGroup: &mesospb.Offer_Operation_LaunchGroup{
				Executor:  m.defaultExecutor(next),
				TaskGroup: &mesospb.TaskGroupInfo{Tasks: tasks},
			},
		})
	}
	r.left = left
	r.tasks = append(r.tasks, tasks...)
	r.jobs = append(r.jobs, m.begin(r.offer, tasks))
	return true
}

func (m *Machine) take(offered, needs resources.Resources) (resources.Resources, bool) {
	role := m.spec.Framework.GetRole()
	if role == "*" || role == "" {
		return offered.Find(needs)
	}
	reserved, err := needs.PushReservation(resources.Reservation{Role: role})
	if err != nil {
		return resources.Resources{}, false
	}
	return offered.Find(reserved)
}
