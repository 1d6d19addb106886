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

// New makes the machine of a run.
func New(spec Spec) (*Machine, error) {
	m := &Machine{spec: spec}
	m.spec.Framework = proto.Clone(spec.Framework).(*mesospb.FrameworkInfo)
	for _, task := range spec.Tasks {
		needs, err := convert.Resources(task.GetResources())
		if err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "task '%s': resources: %w", task.GetName(), err)
		}
		m.needs = append(m.needs, needs)
		m.asked = m.asked.Add(needs)
		m.tasks = append(m.tasks, taskState{id: task.GetTaskId().GetValue()})
	}
	if len(m.tasks) == 0 {
		return nil, mesos.Errorf(mesos.Invalid, "there is no task to run")
	}
	if spec.Group {
		m.asked = m.asked.Add(ofDefaultExecutor())
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

func (m *Machine) defaultExecutor() *mesospb.ExecutorInfo {
	executor := &mesospb.ExecutorInfo{
		Type:        mesospb.ExecutorInfo_DEFAULT.Enum(),
		ExecutorId:  &mesospb.ExecutorID{Value: proto.String(defaultExecutorID)},
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

// fit makes tasks for an offer that holds what they need. Resources reserved for
// the framework's role are used before unreserved ones.
func (m *Machine) fit(offer *mesospb.Offer) ([]*mesospb.TaskInfo, bool) {
	offered, err := convert.Resources(offer.GetResources())
	if err != nil {
		return nil, false // not a resource that any task here can use
	}
	offered = offered.Unallocate()
	if !offered.ToUnreserved().Contains(m.asked) {
		return nil, false
	}
	tasks := make([]*mesospb.TaskInfo, len(m.spec.Tasks))
	for i, spec := range m.spec.Tasks {
		found, ok := m.take(offered, m.needs[i])
		if !ok {
			return nil, false
		}
		offered = offered.Sub(found)
		tasks[i] = proto.Clone(spec).(*mesospb.TaskInfo)
		tasks[i].AgentId = offer.GetAgentId()
		tasks[i].Resources = convert.ToWire(found)
	}
	return tasks, true
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
