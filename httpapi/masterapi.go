package httpapi

import (
	"context"
	"net/http"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// api serves /api/v1.
func (m *Master) api(w http.ResponseWriter, r *http.Request) {
	operate(w, r, new(masterpb.Call), m.operate)
}

// operate answers an operator's call.
func (m *Master) operate(ctx context.Context, call *masterpb.Call) (wire.Message, error) {
	if call.Type == nil {
		return nil, mesos.Errorf(mesos.Invalid, "the call has no type, or one that this version does not know")
	}
	if response := m.show(call.GetType()); response != nil {
		return response, nil
	}
	switch call.GetType() {
	case masterpb.Call_GET_METRICS:
		if call.GetMetrics == nil {
			return nil, missing("GET_METRICS", "get_metrics")
		}
		return &masterpb.Response{
			Type:       masterpb.Response_GET_METRICS.Enum(),
			GetMetrics: &masterpb.Response_GetMetrics{Metrics: m.metricList(ctx, call.GetMetrics.Timeout)},
		}, nil
	case masterpb.Call_LIST_FILES:
		return m.callListFiles(call.ListFiles)
	case masterpb.Call_READ_FILE:
		return m.callReadFile(call.ReadFile)
	case masterpb.Call_TEARDOWN:
		if call.Teardown == nil {
			return nil, missing("TEARDOWN", "teardown")
		}
		return nil, m.Operator.Teardown(ctx, "", call.Teardown.GetFrameworkId().GetValue())
	default:
		return nil, unsupported(call.GetType().String())
	}
}

// show answers the calls that only look and take no arguments; nil for others.
func (m *Master) show(call masterpb.Call_Type) *masterpb.Response {
	switch call {
	case masterpb.Call_GET_HEALTH:
		healthy := true
		return &masterpb.Response{
			Type:      masterpb.Response_GET_HEALTH.Enum(),
			GetHealth: &masterpb.Response_GetHealth{Healthy: &healthy},
		}
	case masterpb.Call_GET_VERSION:
		return &masterpb.Response{
			Type:       masterpb.Response_GET_VERSION.Enum(),
			GetVersion: &masterpb.Response_GetVersion{VersionInfo: m.Version},
		}
	case masterpb.Call_GET_FLAGS:
		return &masterpb.Response{
			Type:     masterpb.Response_GET_FLAGS.Enum(),
			GetFlags: &masterpb.Response_GetFlags{Flags: m.flagList()},
		}
	case masterpb.Call_GET_MASTER:
		return &masterpb.Response{Type: masterpb.Response_GET_MASTER.Enum(), GetMaster: m.getMaster()}
	case masterpb.Call_GET_ROLES:
		return &masterpb.Response{Type: masterpb.Response_GET_ROLES.Enum(), GetRoles: m.getRoles()}
	}
	s := m.View.snapshot()
	switch call {
	case masterpb.Call_GET_STATE:
		return &masterpb.Response{Type: masterpb.Response_GET_STATE.Enum(), GetState: s.getState()}
	case masterpb.Call_GET_AGENTS:
		return &masterpb.Response{Type: masterpb.Response_GET_AGENTS.Enum(), GetAgents: s.getAgents()}
	case masterpb.Call_GET_FRAMEWORKS:
		return &masterpb.Response{Type: masterpb.Response_GET_FRAMEWORKS.Enum(), GetFrameworks: s.getFrameworks()}
	case masterpb.Call_GET_EXECUTORS:
		return &masterpb.Response{Type: masterpb.Response_GET_EXECUTORS.Enum(), GetExecutors: s.getExecutors()}
	case masterpb.Call_GET_TASKS:
		return &masterpb.Response{Type: masterpb.Response_GET_TASKS.Enum(), GetTasks: s.getTasks()}
	}
	return nil
}

func (m *Master) getMaster() *masterpb.Response_GetMaster {
	started := seconds(m.Started)
	answer := &masterpb.Response_GetMaster{MasterInfo: m.Info, StartTime: &started}
	if at := m.Elected(); !at.IsZero() {
		elected := seconds(at)
		answer.ElectedTime = &elected
	}
	return answer
}

func (m *Master) getRoles() *masterpb.Response_GetRoles {
	s := m.View.snapshot()
	answer := new(masterpb.Response_GetRoles)
	for _, role := range m.allRoles(&s) {
		shown := &mesospb.Role{
			Name: &role.name, Weight: &role.weight,
			Resources: append(append([]*mesospb.Resource{}, role.allocated...), role.offered...),
		}
		for _, id := range role.frameworks {
			shown.Frameworks = append(shown.Frameworks, &mesospb.FrameworkID{Value: &id})
		}
		answer.Roles = append(answer.Roles, shown)
	}
	return answer
}

func (m *Master) callListFiles(call *masterpb.Call_ListFiles) (wire.Message, error) {
	if call == nil {
		return nil, missing("LIST_FILES", "list_files")
	}
	infos, err := m.listFiles(call.GetPath())
	if err != nil {
		return nil, err
	}
	return &masterpb.Response{
		Type:      masterpb.Response_LIST_FILES.Enum(),
		ListFiles: &masterpb.Response_ListFiles{FileInfos: infos},
	}, nil
}

func (m *Master) callReadFile(call *masterpb.Call_ReadFile) (wire.Message, error) {
	if call == nil {
		return nil, missing("READ_FILE", "read_file")
	}
	data, size, err := m.readFile(call.GetPath(), call.GetOffset(), call.Length)
	if err != nil {
		return nil, err
	}
	return &masterpb.Response{
		Type:     masterpb.Response_READ_FILE.Enum(),
		ReadFile: &masterpb.Response_ReadFile{Data: data, Size: size},
	}, nil
}

func (s *masterSnapshot) getState() *masterpb.Response_GetState {
	return &masterpb.Response_GetState{
		GetTasks: s.getTasks(), GetExecutors: s.getExecutors(),
		GetFrameworks: s.getFrameworks(), GetAgents: s.getAgents(),
	}
}

func (s *masterSnapshot) getAgents() *masterpb.Response_GetAgents {
	answer := new(masterpb.Response_GetAgents)
	for _, record := range s.agents {
		answer.Agents = append(answer.Agents, record.agent)
	}
	for _, record := range s.recovered {
		answer.RecoveredAgents = append(answer.RecoveredAgents, record.info)
	}
	return answer
}

func (s *masterSnapshot) getFrameworks() *masterpb.Response_GetFrameworks {
	answer := new(masterpb.Response_GetFrameworks)
	for i := range s.frameworks {
		answer.Frameworks = append(answer.Frameworks, s.frameworks[i].framework)
	}
	for i := range s.completed {
		answer.CompletedFrameworks = append(answer.CompletedFrameworks, s.completed[i].framework)
	}
	return answer
}

func (s *masterSnapshot) getExecutors() *masterpb.Response_GetExecutors {
	answer := new(masterpb.Response_GetExecutors)
	for i := range s.frameworks {
		for _, record := range s.frameworks[i].executors {
			agent := string(record.agent)
			answer.Executors = append(answer.Executors, &masterpb.Response_GetExecutors_Executor{
				ExecutorInfo: record.info, AgentId: &mesospb.AgentID{Value: &agent},
			})
		}
	}
	return answer
}

func (s *masterSnapshot) getTasks() *masterpb.Response_GetTasks {
	answer := new(masterpb.Response_GetTasks)
	for _, frameworks := range [...][]frameworkSnapshot{s.frameworks, s.completed} {
		for i := range frameworks {
			lists := &frameworks[i].tasks
			answer.Tasks = appendTasks(answer.Tasks, lists[TaskActive])
			answer.PendingTasks = appendTasks(answer.PendingTasks, lists[TaskPending])
			answer.UnreachableTasks = appendTasks(answer.UnreachableTasks, lists[TaskUnreachable])
			answer.CompletedTasks = appendTasks(answer.CompletedTasks, lists[TaskCompleted])
		}
	}
	return answer
}

func appendTasks(dst []*mesospb.Task, records []*taskRecord) []*mesospb.Task {
	for _, record := range records {
		dst = append(dst, record.task)
	}
	return dst
}
