package httpapi

import (
	"net/http"
	"slices"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// stateCounts are numbers by TaskState.
type stateCounts [mesospb.TaskState_TASK_UNKNOWN + 1]int

// summary counts the tasks of an agent or a framework, and remembers what they
// belong to on the other side.
type summary struct {
	counts stateCounts
	seen   map[string]bool
	others []string // agents of a framework, frameworks of an agent
}

func (s *summary) add(task *mesospb.Task, other string) {
	s.counts[task.GetState()]++
	if !s.seen[other] {
		if s.seen == nil {
			s.seen = make(map[string]bool)
		}
		s.seen[other] = true
		s.others = append(s.others, other)
	}
}

// summaryStates are the states that /state-summary counts.
var summaryStates = []mesospb.TaskState{
	mesospb.TaskState_TASK_STAGING, mesospb.TaskState_TASK_STARTING, mesospb.TaskState_TASK_RUNNING,
	mesospb.TaskState_TASK_KILLING, mesospb.TaskState_TASK_FINISHED, mesospb.TaskState_TASK_KILLED,
	mesospb.TaskState_TASK_FAILED, mesospb.TaskState_TASK_LOST, mesospb.TaskState_TASK_ERROR,
	mesospb.TaskState_TASK_UNREACHABLE,
}

func (s *summary) append(dst []byte, key string) []byte {
	if s == nil {
		s = new(summary)
	}
	for _, state := range summaryStates {
		dst = appendInt(dst, state.String(), int64(s.counts[state]))
	}
	slices.Sort(s.others)
	return append(appendStrings(dst, key, s.others), '}')
}

// summaries are by agent and by framework ID.
type summaries map[string]*summary

func (s summaries) of(id string) *summary {
	if s[id] == nil {
		s[id] = new(summary)
	}
	return s[id]
}

// summarize counts the tasks of the registered frameworks.
func summarize(frameworks []frameworkSnapshot) (agents, byFramework summaries) {
	agents, byFramework = make(summaries), make(summaries)
	for i := range frameworks {
		id := frameworks[i].framework.GetFrameworkInfo().GetId().GetValue()
		mine := byFramework.of(id)
		for _, list := range [...]TaskList{TaskActive, TaskUnreachable, TaskCompleted} {
			for _, record := range frameworks[i].tasks[list] {
				agent := record.task.GetAgentId().GetValue()
				mine.add(record.task, agent)
				agents.of(agent).add(record.task, id)
			}
		}
	}
	return agents, byFramework
}

func (m *Master) stateSummary(w http.ResponseWriter, r *http.Request) {
	s := m.snapshot(r.Context())
	agents, frameworks := summarize(s.frameworks)
	writeJSON(w, r, func(emit func([]byte)) {
		dst := appendString([]byte("{"), "hostname", m.Info().GetHostname())
		dst = m.appendSetFlags(dst, "cluster")
		emit(append(dst, `,"slaves":`...))
		emitList(emit, s.agents, func(record *agentRecord) []byte {
			encoded := record.encoded()
			dst := append(make([]byte, 0, 2*len(encoded)), encoded[:len(encoded)-1]...)
			return agents[record.info.GetId().GetValue()].append(dst, "framework_ids")
		})
		emit([]byte(`,"frameworks":[`))
		for i := range s.frameworks {
			f := s.frameworks[i].framework
			dst := dst[:0]
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendFrameworkSummary(append(dst, '{'), f)
			emit(frameworks[f.GetFrameworkInfo().GetId().GetValue()].append(dst, "slave_ids"))
		}
		emit([]byte("]}"))
	})
}
