package agent

import (
	"path"
	"strconv"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// pastFramework is what was written of a framework.
type pastFramework struct {
	info      *mesospb.FrameworkInfo
	executors []*pastRun
}

// pastRun is what was written of the newest run of an executor.
type pastRun struct {
	info      *mesospb.ExecutorInfo
	own       resources.Resources
	container mesos.ContainerID
	command   bool
	pid       int // 0 if it has no process of its own, or was not started
	tasks     []*pastTask
}

// pastTask is what was written of a task.
type pastTask struct {
	stream   stream[*mesospb.TaskStatus]
	info     *mesospb.TaskInfo
	held     resources.Resources
	kill     *linkpb.KillTask // nil if nobody asked for it
	group    string           // the same for the tasks of one task group; else empty
	statuses []*mesospb.TaskStatus
}

func (r *recovery) id() mesos.AgentID { return mesos.AgentID(r.state.Agent.GetId().GetValue()) }

// drop has checkpoints removed that nobody needs.
func (r *recovery) drop(path string) { r.state.garbage = append(r.state.garbage, path) }

// each reads every entry of a directory. What reads as nothing is dropped: it is
// over, or a crash left it half written, so that nobody was promised anything.
func (r *recovery) each(dir string, read func(path, name string) (found bool, err error)) error {
	names, err := r.disk.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		found, err := read(path.Join(dir, name), name)
		if err != nil {
			return err
		}
		if !found {
			r.drop(path.Join(dir, name))
		}
	}
	return nil
}

// frameworks reads what ran.
func (r *recovery) frameworks() error {
	return r.each(path.Join(agentPath(r.id()), "frameworks"), func(dir, name string) (bool, error) {
		f := &pastFramework{info: &mesospb.FrameworkInfo{}}
		if found, err := r.read(path.Join(dir, "framework.info"), f.info); err != nil || !found {
			return false, err
		}
		if f.info.GetId().GetValue() != name {
			return false, r.bad(dir, mesos.Errorf(mesos.Invalid, "framework.info is of framework %q", f.info.GetId().GetValue()))
		}
		err := r.each(path.Join(dir, "executors"), func(dir, _ string) (bool, error) {
			run, err := r.executor(dir)
			if run != nil {
				f.executors = append(f.executors, run)
			}
			return run != nil, err
		})
		if err != nil || len(f.executors) == 0 {
			return false, err
		}
		r.state.frameworks = append(r.state.frameworks, f)
		return true, nil
	})
}

// executor reads the newest run of an executor; nil if that is over.
func (r *recovery) executor(dir string) (*pastRun, error) {
	run := &pastRun{info: &mesospb.ExecutorInfo{}}
	if found, err := r.read(path.Join(dir, "executor.info"), run.info); err != nil || !found {
		return nil, err
	}
	var err error
	if run.own, err = convert.Resources(run.info.GetResources()); err != nil {
		return nil, r.bad(dir, err)
	}
	file := path.Join(dir, "executor_generated_for_command_task")
	generated, err := r.disk.Read(file)
	if err != nil {
		return nil, err
	}
	if g := string(generated); generated != nil && g != "0" && g != "1" {
		return nil, r.bad(file, mesos.Errorf(mesos.Invalid, "it is %.100q, and neither 0 nor 1", g))
	}
	run.command = string(generated) == "1"
	alive, err := r.newest(path.Join(dir, "runs"), run)
	if err != nil || !alive {
		return nil, err
	}
	return run, nil
}

// newest reads the run of an executor that the others were before. It reports
// false if that is over, or was not begun.
func (r *recovery) newest(dir string, run *pastRun) (alive bool, err error) {
	file := path.Join(dir, "latest")
	latest, err := r.disk.Read(file)
	if err != nil || latest == nil {
		return false, err
	}
	run.container = mesos.ContainerID(latest)
	found, other := false, false
	err = r.each(dir, func(dir, name string) (kept bool, err error) {
		switch name {
		case "latest":
			return true, nil
		case string(latest):
			found = true
			alive, err = r.run(dir, run)
			return alive, err
		}
		over, err := r.disk.Read(path.Join(dir, "executor.sentinel"))
		other = other || over == nil
		return false, err
	})
	if err == nil && !found && other {
		return false, r.missing(file, string(latest))
	}
	return alive, err
}

// run reads a run of an executor. It reports false if that is over, with every
// update of its tasks acknowledged.
func (r *recovery) run(dir string, run *pastRun) (bool, error) {
	sentinel, err := r.disk.Read(path.Join(dir, "executor.sentinel"))
	if err != nil || sentinel != nil {
		return false, err
	}
	pid, err := r.disk.Read(path.Join(dir, "pids/forked.pid"))
	if err != nil {
		return false, err
	}
	if pid != nil {
		if run.pid, err = strconv.Atoi(string(pid)); err != nil {
			if err := r.bad(path.Join(dir, "pids/forked.pid"), err); err != nil {
				return false, err
			}
		}
	}
	marker, err := r.disk.Read(path.Join(dir, "http.marker"))
	if err != nil {
		return false, err
	}
	err = r.each(path.Join(dir, "tasks"), func(dir, _ string) (bool, error) {
		t, err := r.task(dir)
		if t != nil {
			run.tasks = append(run.tasks, t)
		}
		return t != nil, err
	})
	begun := pid != nil || marker != nil || len(run.tasks) > 0
	return begun && (!run.command || len(run.tasks) > 0), err
}

// task reads a task; nil if its last update was acknowledged.
func (r *recovery) task(dir string) (*pastTask, error) {
	t := &pastTask{info: &mesospb.TaskInfo{}}
	if found, err := r.read(path.Join(dir, "task.info"), t.info); err != nil || !found {
		return nil, err
	}
	var err error
	if t.held, err = convert.Resources(t.info.GetResources()); err != nil {
		return nil, r.bad(dir, err)
	}
	kill := &linkpb.KillTask{}
	found, err := r.read(path.Join(dir, "task.kill"), kill)
	if err != nil {
		return nil, err
	}
	if found {
		t.kill = kill
	}
	group, err := r.disk.Read(path.Join(dir, "task.group"))
	if err != nil {
		return nil, err
	}
	t.group = string(group)
	over, err := recoverStream(r, &t.stream, path.Join(dir, "task.updates"), func(data []byte) ([]byte, *mesospb.TaskStatus, error) {
		m := &linkpb.StatusUpdate{}
		if err := m.UnmarshalVT(data); err != nil {
			return nil, nil, err
		}
		t.statuses = append(t.statuses, m.GetStatus())
		return m.GetStatus().GetUuid(), m.GetStatus(), nil
	})
	if err != nil || over != nil && mesos.TaskState(over.GetState()).Terminal() {
		return nil, err
	}
	return t, nil
}
