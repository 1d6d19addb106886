package master

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// A load is what an agent says that it runs, and the resources of that.
type load struct {
	*linkpb.Reregister
	executorResources []resources.Resources // of executors, one for each
	taskResources     []resources.Resources // of tasks, one for each
}

// readLoad checks what an agent says that it runs.
func readLoad(msg *linkpb.Reregister) (*load, error) {
	l := &load{Reregister: msg}
	frameworks, err := l.readFrameworks()
	if err == nil {
		err = l.readExecutors(frameworks)
	}
	if err == nil {
		err = l.readTasks(frameworks)
	}
	if err == nil {
		err = l.readCompleted()
	}
	if err == nil {
		err = l.readOperations()
	}
	return l, err
}

// readOperations checks the operations. Their frameworks need not be listed: what
// is over stays until it is acknowledged.
func (l *load) readOperations() error {
	seen := make(map[string]bool)
	for _, o := range l.GetOperations() {
		uuid := string(o.GetUuid().GetValue())
		switch {
		case len(uuid) != uuidSize:
			return mesos.Errorf(mesos.Invalid, "operations: uuid: %d bytes are not a UUID", len(uuid))
		case seen[uuid]:
			return mesos.Errorf(mesos.Invalid, "operations: uuid: %x is there twice", uuid)
		case !knownOperationState(o.GetLatestStatus().GetState()):
			return mesos.Errorf(mesos.Invalid, "operations: operation %x: state: it is not known", uuid)
		case !operates(o.GetInfo().GetType()):
			return mesos.Errorf(mesos.Invalid, "operations: operation %x: type: %s is none that an agent does", uuid, o.GetInfo().GetType())
		}
		seen[uuid] = true
	}
	return nil
}

// readFrameworks checks the frameworks and returns the set of their IDs.
func (l *load) readFrameworks() (map[string]bool, error) {
	frameworks := make(map[string]bool)
	for _, info := range l.GetFrameworks() {
		id := info.GetId().GetValue()
		if err := mesos.ValidateID(id); err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "frameworks: id: %w", err)
		}
		if err := validateFrameworkRoles(info); err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "frameworks: framework %s: %w", id, err)
		}
		if frameworks[id] {
			return nil, mesos.Errorf(mesos.Invalid, "frameworks: %s is there twice", id)
		}
		frameworks[id] = true
	}
	return frameworks, nil
}

func (l *load) readExecutors(frameworks map[string]bool) error {
	executors := make(map[[2]string]bool)
	for _, e := range l.GetExecutors() {
		info := e.GetExecutorInfo()
		key := [2]string{info.GetFrameworkId().GetValue(), info.GetExecutorId().GetValue()}
		if err := validateExecutor(info); err != nil {
			return mesos.Errorf(mesos.Invalid, "executors: executor %q: %w", key[1], err)
		}
		rs, err := convert.Resources(info.GetResources())
		if err != nil {
			return mesos.Errorf(mesos.Invalid, "executors: executor %q: %w", key[1], err)
		}
		l.executorResources = append(l.executorResources, rs)
		if !frameworks[key[0]] {
			return mesos.Errorf(mesos.Invalid, "executors: executor %q: framework %q is not listed", key[1], key[0])
		}
		if executors[key] {
			return mesos.Errorf(mesos.Invalid, "executors: executor %q of framework %s is there twice", key[1], key[0])
		}
		executors[key] = true
	}
	return nil
}

func (l *load) readTasks(frameworks map[string]bool) error {
	l.taskResources = make([]resources.Resources, len(l.GetTasks()))
	for i, t := range l.GetTasks() {
		if err := l.readTask(t); err != nil {
			return mesos.Errorf(mesos.Invalid, "tasks: %w", err)
		}
		id := t.GetTaskId().GetValue()
		if !frameworks[t.GetFrameworkId().GetValue()] {
			return mesos.Errorf(mesos.Invalid, "tasks: task %q: framework %q is not listed", id, t.GetFrameworkId().GetValue())
		}
		if i > 0 && same(t.GetResources(), l.Tasks[i-1].GetResources()) {
			l.taskResources[i] = l.taskResources[i-1]
			continue
		}
		rs, err := convert.Resources(t.GetResources())
		if err != nil {
			return mesos.Errorf(mesos.Invalid, "tasks: task %q: %w", id, err)
		}
		l.taskResources[i] = rs
	}
	return nil
}

// readTask checks what is asked of every task.
func (l *load) readTask(t *mesospb.Task) error {
	id := t.GetTaskId().GetValue()
	if err := mesos.ValidateID(id); err != nil {
		return mesos.Errorf(mesos.Invalid, "task_id: %w", err)
	}
	if !known(t.GetState()) || !known(t.GetStatusUpdateState()) {
		return mesos.Errorf(mesos.Invalid, "task %q: state: it is not known", id)
	}
	if t.GetAgentId().GetValue() != l.GetAgentInfo().GetId().GetValue() {
		return mesos.Errorf(mesos.Invalid, "task %q: it is of agent %q", id, t.GetAgentId().GetValue())
	}
	return nil
}

// readCompleted checks the tasks of the history. Their frameworks need not be
// listed: they run nothing on the agent.
func (l *load) readCompleted() error {
	for _, t := range l.GetCompletedTasks() {
		if err := l.readTask(t); err != nil {
			return mesos.Errorf(mesos.Invalid, "completed_tasks: %w", err)
		}
		if !terminal(t.GetState()) {
			return mesos.Errorf(mesos.Invalid, "completed_tasks: task %q: %s is not the end of a task", t.GetTaskId().GetValue(), t.GetState())
		}
	}
	return nil
}

// same reports whether two tasks have one list of resources between them, as
// those of a message may have.
func same(a, b []*mesospb.Resource) bool {
	return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0]
}
