package httpapi

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// defaultTaskLimit is how many tasks /tasks shows without ?limit=.
const defaultTaskLimit = 100

// tasks serves /tasks: those of all lists, ordered by their first status update,
// the newest first unless ?order=asc.
func (m *Master) tasks(w http.ResponseWriter, r *http.Request) {
	s := m.snapshot(r.Context())
	query := r.URL.Query()
	frameworkID, taskID := query.Get("framework_id"), query.Get("task_id")

	var tasks []*taskRecord
	for _, frameworks := range [...][]frameworkSnapshot{s.frameworks, s.completed} {
		for _, f := range selectFrameworks(frameworks, frameworkID) {
			for _, list := range [...]TaskList{TaskActive, TaskUnreachable, TaskCompleted} {
				tasks = append(tasks, f.tasks[list]...)
			}
		}
	}
	if taskID != "" {
		tasks = slices.DeleteFunc(tasks, func(record *taskRecord) bool {
			return record.task.GetTaskId().GetValue() != taskID
		})
	}
	ascending := query.Get("order") == "asc"
	slices.SortStableFunc(tasks, func(a, b *taskRecord) int {
		order := cmp.Compare(firstUpdate(a.task), firstUpdate(b.task))
		if !ascending {
			order = -order
		}
		return order
	})
	tasks = page(tasks, number(query.Get("offset"), 0), number(query.Get("limit"), defaultTaskLimit))
	writeJSON(w, r, func(emit func([]byte)) {
		emit([]byte(`{"tasks":`))
		emitList(emit, tasks, (*taskRecord).encoded)
		emit([]byte("}"))
	})
}

// firstUpdate is when a task's first status update was made. Tasks without one
// come before all others in ascending order.
func firstUpdate(task *mesospb.Task) float64 {
	if len(task.GetStatuses()) == 0 {
		return -1
	}
	return task.GetStatuses()[0].GetTimestamp()
}

// number reads a query parameter; what is no number counts as not given.
func number(text string, otherwise int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return otherwise
	}
	return n
}

func page[T any](list []T, offset, limit int) []T {
	list = list[min(offset, len(list)):]
	return list[:min(limit, len(list))]
}
