package httpapi

import (
	"context"
	"net/http"
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// api serves /api/v1.
func (m *Master) api(w http.ResponseWriter, r *http.Request) {
	operate(w, r, new(masterpb.Call), m.operate)
}

// operate answers an operator's call.
func (m *Master) operate(ctx context.Context, call *masterpb.Call) (answerer, error) {
	if call.Type == nil {
		return nil, mesos.Errorf(mesos.Invalid, "the call has no type, or one that this version does not know")
	}
	if call.GetType() == masterpb.Call_GET_FLAGS {
		if err := m.mayViewFlags(ctx); err != nil {
			return nil, err
		}
	}
	if response := m.tell(ctx, call.GetType()); response != nil {
		return message(response), nil
	}
	if answer := m.show(ctx, call.GetType()); answer != nil {
		return answer, nil
	}
	if answer, err := m.change(ctx, call); answer != nil || err != nil {
		return answer, err
	}
	if answer, err := m.changeResources(ctx, call); answer != nil || err != nil {
		return answer, err
	}
	if answer, err := m.maintain(ctx, call); answer != nil || err != nil {
		return answer, err
	}
	if answer, err := m.takeOut(ctx, call); answer != nil || err != nil {
		return answer, err
	}
	switch call.GetType() {
	case masterpb.Call_GET_METRICS:
		if call.GetMetrics == nil {
			return nil, missing("GET_METRICS", "get_metrics")
		}
		return message(&masterpb.Response{
			Type:       masterpb.Response_GET_METRICS.Enum(),
			GetMetrics: &masterpb.Response_GetMetrics{Metrics: m.metricList(ctx, call.GetMetrics.Timeout)},
		}), nil
	case masterpb.Call_SET_LOGGING_LEVEL:
		if call.SetLoggingLevel == nil {
			return nil, missing("SET_LOGGING_LEVEL", "set_logging_level")
		}
		return m.callSetLevel(ctx, call.SetLoggingLevel)
	case masterpb.Call_SUBSCRIBE:
		return m.subscribe, nil
	case masterpb.Call_LIST_FILES:
		return m.callListFiles(ctx, call.ListFiles)
	case masterpb.Call_READ_FILE:
		return m.callReadFile(ctx, call.ReadFile)
	case masterpb.Call_TEARDOWN:
		if call.Teardown == nil {
			return nil, missing("TEARDOWN", "teardown")
		}
		return done, m.Operator.Teardown(ctx, principalOf(ctx), call.Teardown.GetFrameworkId().GetValue())
	default:
		return nil, unsupported(call.GetType().String())
	}
}

// tell answers the calls that take no arguments and have short answers; nil for
// others.
func (m *Master) tell(ctx context.Context, call masterpb.Call_Type) *masterpb.Response {
	switch call {
	case masterpb.Call_GET_HEALTH:
		healthy := m.Healthy == nil || m.Healthy()
		return &masterpb.Response{
			Type:      masterpb.Response_GET_HEALTH.Enum(),
			GetHealth: &masterpb.Response_GetHealth{Healthy: &healthy},
		}
	case masterpb.Call_GET_VERSION:
		return &masterpb.Response{
			Type:       masterpb.Response_GET_VERSION.Enum(),
			GetVersion: &masterpb.Response_GetVersion{VersionInfo: m.Version},
		}
	case masterpb.Call_GET_LOGGING_LEVEL:
		return m.masterLevel()
	case masterpb.Call_GET_FLAGS:
		return &masterpb.Response{
			Type:     masterpb.Response_GET_FLAGS.Enum(),
			GetFlags: &masterpb.Response_GetFlags{Flags: m.flagList()},
		}
	case masterpb.Call_GET_MASTER:
		return &masterpb.Response{Type: masterpb.Response_GET_MASTER.Enum(), GetMaster: m.getMaster()}
	case masterpb.Call_GET_ROLES:
		return &masterpb.Response{Type: masterpb.Response_GET_ROLES.Enum(), GetRoles: m.getRoles(ctx)}
	case masterpb.Call_GET_OPERATIONS:
		return &masterpb.Response{Type: masterpb.Response_GET_OPERATIONS.Enum(), GetOperations: m.getOperations(ctx)}
	case masterpb.Call_GET_WEIGHTS:
		return &masterpb.Response{
			Type:       masterpb.Response_GET_WEIGHTS.Enum(),
			GetWeights: &masterpb.Response_GetWeights{WeightInfos: m.weightList(ctx)},
		}
	case masterpb.Call_GET_QUOTA:
		return &masterpb.Response{
			Type:     masterpb.Response_GET_QUOTA.Enum(),
			GetQuota: &masterpb.Response_GetQuota{Status: m.quotaStatus(ctx)},
		}
	}
	return nil
}

// show answers the calls about the cluster; nil for others.
func (m *Master) show(ctx context.Context, call masterpb.Call_Type) answerer {
	var kind masterpb.Response_Type
	switch call {
	case masterpb.Call_GET_STATE:
		kind = masterpb.Response_GET_STATE
	case masterpb.Call_GET_AGENTS:
		kind = masterpb.Response_GET_AGENTS
	case masterpb.Call_GET_FRAMEWORKS:
		kind = masterpb.Response_GET_FRAMEWORKS
	case masterpb.Call_GET_EXECUTORS:
		kind = masterpb.Response_GET_EXECUTORS
	case masterpb.Call_GET_TASKS:
		kind = masterpb.Response_GET_TASKS
	default:
		return nil
	}
	s := m.snapshot(ctx)
	return answerWith(kind.String(), int32(kind), s.section(kind))
}

func (m *Master) getMaster() *masterpb.Response_GetMaster {
	started := seconds(m.Started)
	answer := &masterpb.Response_GetMaster{MasterInfo: m.Info(), StartTime: &started}
	if at := m.Elected(); !at.IsZero() {
		elected := seconds(at)
		answer.ElectedTime = &elected
	}
	return answer
}

func (m *Master) getRoles(ctx context.Context) *masterpb.Response_GetRoles {
	s := m.View.snapshot()
	answer := new(masterpb.Response_GetRoles)
	for _, role := range m.rolesSeen(ctx, &s) {
		shown := &mesospb.Role{
			Name: &role.name, Weight: &role.weight,
			Resources: quantities(append(slices.Clone(role.allocated), role.offered...)),
		}
		for _, id := range role.frameworks {
			shown.Frameworks = append(shown.Frameworks, &mesospb.FrameworkID{Value: &id})
		}
		answer.Roles = append(answer.Roles, shown)
	}
	return answer
}

func (m *Master) callListFiles(ctx context.Context, call *masterpb.Call_ListFiles) (answerer, error) {
	if call == nil {
		return nil, missing("LIST_FILES", "list_files")
	}
	infos, err := m.listFiles(ctx, call.GetPath())
	if err != nil {
		return nil, err
	}
	return message(&masterpb.Response{
		Type:      masterpb.Response_LIST_FILES.Enum(),
		ListFiles: &masterpb.Response_ListFiles{FileInfos: infos},
	}), nil
}

func (m *Master) callReadFile(ctx context.Context, call *masterpb.Call_ReadFile) (answerer, error) {
	if call == nil {
		return nil, missing("READ_FILE", "read_file")
	}
	data, size, err := m.readFile(ctx, call.GetPath(), call.GetOffset(), call.Length)
	if err != nil {
		return nil, err
	}
	return message(&masterpb.Response{
		Type:     masterpb.Response_READ_FILE.Enum(),
		ReadFile: &masterpb.Response_ReadFile{Data: data, Size: size},
	}), nil
}
