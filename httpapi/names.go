package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
)

const (
	// defaultNames and maxNames are how many names are told at once.
	defaultNames = 100
	maxNames     = 1000
)

// names serves GET /mesosctl/names?kind=KIND&prefix=TEXT&limit=N, an endpoint of
// this project's own: a list of mesos.Named, of agents, tasks, frameworks or roles
// that somebody may mean who types the beginning of a name. A shell asks at every
// press of a key, so it is cheap however large the cluster is.
func (m *Master) names(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodGet, http.MethodHead) {
		return
	}
	query := r.URL.Query()
	limit := defaultNames
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			refuse(w, mesos.Errorf(mesos.Invalid, "names: limit=%s is not a number from 1 on", text))
			return
		}
		limit = min(n, maxNames)
	}
	list := nameList{prefix: query.Get("prefix"), limit: limit, found: []mesos.Named{}}
	if err := m.collect(r.Context(), query.Get("kind"), &list); err != nil {
		refuse(w, err)
		return
	}
	body, err := json.Marshal(list.found)
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(body, '\n')) //nolint:errcheck // the client is gone
}

// nameList is the names that fit, up to a limit.
type nameList struct {
	prefix string
	limit  int
	found  []mesos.Named
}

// add reports whether there is room for more. about is asked only of what fits.
func (l *nameList) add(id, name string, about func() string) bool {
	n := mesos.Named{ID: id, Name: name}
	if n.Name == n.ID {
		n.Name = ""
	}
	if n.Begins(l.prefix) {
		n.About = about()
		l.found = append(l.found, n)
	}
	return len(l.found) < l.limit
}

func (m *Master) collect(ctx context.Context, kind string, list *nameList) error {
	s := m.snapshot(ctx)
	switch kind {
	case "agents":
		s.agentNames(list)
	case "frameworks":
		for i := range s.frameworks {
			info := s.frameworks[i].framework.GetFrameworkInfo()
			if !list.add(info.GetId().GetValue(), info.GetName(), info.GetUser) {
				break
			}
		}
	case "tasks":
		s.taskNames(list)
	case "roles":
		for _, r := range m.rolesSeen(ctx, &s) {
			if !list.add(r.name, "", func() string { return "" }) {
				break
			}
		}
	default:
		return mesos.Errorf(mesos.Invalid, "names: kind=%q is none of agents, tasks, frameworks and roles", kind)
	}
	return nil
}

func (s *masterSnapshot) agentNames(list *nameList) {
	for _, record := range s.agents {
		info := record.agent.GetAgentInfo()
		about := func() string {
			if !record.agent.GetActive() {
				return "not active"
			}
			return "active"
		}
		if !list.add(info.GetId().GetValue(), info.GetHostname(), about) {
			return
		}
	}
}

// taskNames adds tasks: those that run, and then those that have ended.
func (s *masterSnapshot) taskNames(list *nameList) {
	for _, lists := range [][]TaskList{{TaskActive, TaskPending, TaskUnreachable}, {TaskCompleted}} {
		for _, frameworks := range [][]frameworkSnapshot{s.frameworks, s.completed} {
			for i := range frameworks {
				for _, which := range lists {
					for _, record := range frameworks[i].tasks[which] {
						t := record.task
						about := func() string { return strings.TrimPrefix(t.GetState().String(), "TASK_") }
						if !list.add(t.GetTaskId().GetValue(), t.GetName(), about) {
							return
						}
					}
				}
			}
		}
	}
}
