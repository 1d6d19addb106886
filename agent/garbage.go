package agent

import (
	"path"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/agent/gc"
	"github.com/mesosctl/mesosctl/mesos"
)

// Directories of the work directory are named by their paths relative to it: an
// agent's is "slaves/<agent>", and below it lie the same names as below the
// checkpoints of that agent. What is over stays for --gc_delay, less when the
// disk fills. See
// https://mesos.apache.org/documentation/latest/sandbox/#sandbox-lifecycle.

// Leftover is a directory that an earlier agent may have left behind.
type Leftover struct {
	Path string // relative to the work directory
	// Since is when something was last changed there.
	Since time.Time
}

// retire notes that a directory is over from now on.
func (a *Agent) retire(path string) {
	a.emit(RetireDir{Path: path})
	a.garbage.Schedule(path, a.now)
	a.collectLater()
}

// reuse keeps directories that are needed again.
func (a *Agent) reuse(paths ...string) {
	for _, path := range paths {
		a.garbage.Unschedule(path)
	}
	a.collectLater()
}

// collect has removed what is due.
func (a *Agent) collect() {
	for {
		path, ok := a.garbage.Due(a.now)
		if !ok {
			break
		}
		a.emit(RemoveDir{Path: path})
	}
	a.collectLater()
}

// collectLater sets the alarm for what is due next.
func (a *Agent) collectLater() {
	if at := a.garbage.Next(); at.IsZero() {
		a.alarms.cancel(&a.collecting)
	} else {
		a.alarms.set(&a.collecting, at)
	}
}

// leftovers takes in what lies in the work directory. What is of a framework, an
// executor or a container that is here stays.
func (a *Agent) leftovers(in Leftovers) {
	for _, dir := range in.Dirs {
		if !a.inUse(dir.Path) {
			a.garbage.Schedule(dir.Path, dir.Since)
		}
	}
	a.collectLater()
}

// inUse reports whether a directory is not known to be one that can go. Of the
// sandboxes of nested and standalone containers the shell knows more: it
// removes none that is in use.
func (a *Agent) inUse(dir string) bool {
	words := strings.Split(dir, "/")
	switch {
	case words[len(words)-1] == "" || len(words)%2 != 0: // directories and names take turns
		return true
	case words[len(words)-2] == "containers":
		return false
	}
	for i, kind := range []string{"slaves", "frameworks", "executors", "runs"} {
		if 2*i < len(words) && words[2*i] != kind {
			return true
		}
	}
	if mesos.AgentID(words[1]) != a.id {
		return false
	}
	f := (*framework)(nil)
	if len(words) >= 4 {
		f = a.frameworks.get(mesos.FrameworkID(words[3]))
	}
	switch len(words) {
	case 4: // slaves/<agent>/frameworks/<framework>
		return f != nil
	case 6: // .../executors/<executor>
		return f != nil && f.executors.get(mesos.ExecutorID(words[5])) != nil
	case 8: // .../runs/<container>
		return a.containers[mesos.ContainerID(words[7])] != nil
	}
	return true
}

func (a *Agent) diskUsed(in DiskUsed) {
	a.metrics.directoryAge = a.garbage.Age(in.Fraction)
	a.log(logDebug, "disk usage", "used", in.Fraction, "max_age", mesos.FormatDuration(a.metrics.directoryAge))
	a.garbage.Disk(a.now, in.Fraction)
	a.collect()
}

func (a *Agent) dirRemoved(in DirRemoved) {
	outcome := gc.Done
	switch {
	case in.Err != nil:
		outcome = gc.Failed
		a.log(logWarn, "directory can't be removed", "path", in.Path, "error", in.Err)
	case in.Absent:
		outcome = gc.Absent
	}
	a.garbage.Removed(in.Path, outcome)
	a.collect()
}

// retireRun notes that a run of an executor is over. The executor's directory has
// nothing but runs that are over then.
func (a *Agent) retireRun(e *executor) {
	run := runPath(a.id, e)
	a.retire(run)
	a.retire(strings.TrimSuffix(run, path.Join("/runs", string(e.container))))
}
