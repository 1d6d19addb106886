package agent

// publication collects what changed during a Step, so that each record is
// published once however often it changed.
type publication struct {
	executors []*executor
	tasks     []*task
	after     []Effect
}

// touch has an executor published at the end of the Step.
func (a *Agent) touch(e *executor) {
	if !e.changed {
		e.changed = true
		a.publication.executors = append(a.publication.executors, e)
	}
}

func (a *Agent) touchTask(t *task) {
	if !t.changed {
		t.changed = true
		a.publication.tasks = append(a.publication.tasks, t)
	}
}

// last has something published after all records.
func (p *publication) last(e Effect) { p.after = append(p.after, e) }

// publish emits the records that changed: executors, their tasks, then what was
// moved to the history or out of it.
func (a *Agent) publish() {
	p := &a.publication
	for i, e := range p.executors {
		e.changed = false
		a.emit(PutExecutor{Executor: &ExecutorRecord{
			Info:      e.info,
			Container: e.container,
			Sandbox:   e.sandbox,
			Resources: e.resources(),
			Status:    e.status,
			Ended:     e.ended,
		}})
		p.executors[i] = nil
	}
	for i, t := range p.tasks {
		t.changed = false
		put := PutTask{Container: t.executor.container, List: t.list, Task: t.record}
		if t.list == TaskQueued {
			put.Info = t.info
		}
		a.emit(put)
		p.tasks[i] = nil
	}
	a.effects = append(a.effects, p.after...)
	clear(p.after)
	p.executors, p.tasks, p.after = p.executors[:0], p.tasks[:0], p.after[:0]
}
