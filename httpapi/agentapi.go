package httpapi

import (
	"context"
	"net/http"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// api serves /api/v1.
func (a *Agent) api(w http.ResponseWriter, r *http.Request) {
	if wire.IsRecordIO(r.Header.Get("Content-Type")) && r.Method == http.MethodPost {
		a.streamedCall(w, r)
		return
	}
	if each := r.Header.Get("Message-Content-Type"); each != "" {
		answer(w, http.StatusUnsupportedMediaType, "Message-Content-Type %q is for requests of type %s only", each, wire.RecordIO)
		return
	}
	call := new(agentpb.Call)
	if _, ok := decode(w, r, call); !ok {
		return
	}
	media, ok := negotiateRecords(w, r)
	if !ok {
		return
	}
	if err := validateAgentCall(call); err != nil {
		refuse(w, err)
		return
	}
	switch {
	case call.GetType() == agentpb.Call_ATTACH_CONTAINER_INPUT:
		answer(w, http.StatusUnsupportedMediaType, "an ATTACH_CONTAINER_INPUT call is a stream: its Content-Type is %s", wire.RecordIO)
	case call.GetType() == agentpb.Call_LAUNCH_NESTED_CONTAINER_SESSION:
		a.launchSession(w, r, call.LaunchNestedContainerSession, media)
	case call.GetType() == agentpb.Call_ATTACH_CONTAINER_OUTPUT:
		a.attachOutput(w, r, call.AttachContainerOutput, media)
	case media.recordIO:
		answer(w, http.StatusNotAcceptable, "the answer to a %s call is no stream: it can be %s or %s", call.GetType(), wire.JSON, wire.Protobuf)
	default:
		answer, err := a.operate(r.Context(), call)
		if err != nil {
			refuse(w, err)
			return
		}
		answer(w, r, media.of)
	}
}

// operate answers an operator's call.
func (a *Agent) operate(ctx context.Context, call *agentpb.Call) (answerer, error) {
	if call.Type == nil {
		return nil, mesos.Errorf(mesos.Invalid, "the call has no type, or one that this version does not know")
	}
	if call.GetType() == agentpb.Call_GET_FLAGS {
		if err := a.mayViewFlags(ctx); err != nil {
			return nil, err
		}
	}
	if response := a.show(ctx, call.GetType()); response != nil {
		return message(response), nil
	}
	if answer, ok, err := a.containerCall(ctx, call); ok {
		return answer, err
	}
	switch call.GetType() {
	case agentpb.Call_GET_METRICS:
		return message(&agentpb.Response{
			Type:       agentpb.Response_GET_METRICS.Enum(),
			GetMetrics: &agentpb.Response_GetMetrics{Metrics: a.metricList(ctx, call.GetMetrics.Timeout)},
		}), nil
	case agentpb.Call_GET_CONTAINERS:
		return message(&agentpb.Response{
			Type: agentpb.Response_GET_CONTAINERS.Enum(), GetContainers: a.getContainers(ctx, call.GetContainers),
		}), nil
	case agentpb.Call_PRUNE_IMAGES:
		return a.pruneImages(ctx, call.PruneImages)
	case agentpb.Call_SET_LOGGING_LEVEL:
		return a.callSetLevel(ctx, call.SetLoggingLevel)
	case agentpb.Call_LIST_FILES:
		return a.callListFiles(ctx, call.ListFiles)
	case agentpb.Call_READ_FILE:
		return a.callReadFile(ctx, call.ReadFile)
	default:
		return nil, unsupported(call.GetType().String())
	}
}

// show answers the calls that only look and take no arguments; nil for others.
func (a *Agent) show(ctx context.Context, call agentpb.Call_Type) *agentpb.Response {
	switch call {
	case agentpb.Call_GET_HEALTH:
		healthy := true
		return &agentpb.Response{
			Type:      agentpb.Response_GET_HEALTH.Enum(),
			GetHealth: &agentpb.Response_GetHealth{Healthy: &healthy},
		}
	case agentpb.Call_GET_VERSION:
		return &agentpb.Response{
			Type:       agentpb.Response_GET_VERSION.Enum(),
			GetVersion: &agentpb.Response_GetVersion{VersionInfo: a.Version},
		}
	case agentpb.Call_GET_LOGGING_LEVEL:
		return a.agentLevel()
	case agentpb.Call_GET_FLAGS:
		return &agentpb.Response{
			Type:     agentpb.Response_GET_FLAGS.Enum(),
			GetFlags: &agentpb.Response_GetFlags{Flags: a.flagList()},
		}
	}
	s := a.snapshot(ctx)
	switch call {
	case agentpb.Call_GET_AGENT:
		return &agentpb.Response{
			Type: agentpb.Response_GET_AGENT.Enum(),
			GetAgent: &agentpb.Response_GetAgent{
				AgentInfo: a.sightOf(ctx).agentInfo(s.agent), DrainConfig: s.drain, EstimatedDrainStartTime: s.drainSince,
			},
		}
	case agentpb.Call_GET_STATE:
		return &agentpb.Response{
			Type: agentpb.Response_GET_STATE.Enum(),
			GetState: &agentpb.Response_GetState{
				GetTasks: s.getTasks(), GetExecutors: s.getExecutors(), GetFrameworks: s.getFrameworks(),
			},
		}
	case agentpb.Call_GET_TASKS:
		return &agentpb.Response{Type: agentpb.Response_GET_TASKS.Enum(), GetTasks: s.getTasks()}
	case agentpb.Call_GET_EXECUTORS:
		return &agentpb.Response{Type: agentpb.Response_GET_EXECUTORS.Enum(), GetExecutors: s.getExecutors()}
	case agentpb.Call_GET_RESOURCE_PROVIDERS:
		return &agentpb.Response{ // there are none
			Type:                 agentpb.Response_GET_RESOURCE_PROVIDERS.Enum(),
			GetResourceProviders: &agentpb.Response_GetResourceProviders{},
		}
	case agentpb.Call_GET_OPERATIONS:
		return &agentpb.Response{
			Type:          agentpb.Response_GET_OPERATIONS.Enum(),
			GetOperations: &agentpb.Response_GetOperations{Operations: s.operations},
		}
	case agentpb.Call_GET_FRAMEWORKS:
		return &agentpb.Response{Type: agentpb.Response_GET_FRAMEWORKS.Enum(), GetFrameworks: s.getFrameworks()}
	}
	return nil
}

func (a *Agent) callListFiles(ctx context.Context, call *agentpb.Call_ListFiles) (answerer, error) {
	infos, err := a.listFiles(ctx, call.GetPath())
	if err != nil {
		return nil, err
	}
	return message(&agentpb.Response{
		Type:      agentpb.Response_LIST_FILES.Enum(),
		ListFiles: &agentpb.Response_ListFiles{FileInfos: infos},
	}), nil
}

func (a *Agent) callReadFile(ctx context.Context, call *agentpb.Call_ReadFile) (answerer, error) {
	data, size, err := a.readFile(ctx, call.GetPath(), call.GetOffset(), call.Length)
	if err != nil {
		return nil, err
	}
	return message(&agentpb.Response{
		Type:     agentpb.Response_READ_FILE.Enum(),
		ReadFile: &agentpb.Response_ReadFile{Data: data, Size: size},
	}), nil
}

func (s *agentSnapshot) getFrameworks() *agentpb.Response_GetFrameworks {
	shown := func(list []agentFrameworkSnapshot) (shown []*agentpb.Response_GetFrameworks_Framework) {
		for i := range list {
			shown = append(shown, &agentpb.Response_GetFrameworks_Framework{FrameworkInfo: list[i].info})
		}
		return shown
	}
	return &agentpb.Response_GetFrameworks{
		Frameworks: shown(s.frameworks), CompletedFrameworks: shown(s.completed),
	}
}

func (s *agentSnapshot) getExecutors() *agentpb.Response_GetExecutors {
	answer := new(agentpb.Response_GetExecutors)
	shown := func(list []agentExecutorSnapshot) (shown []*agentpb.Response_GetExecutors_Executor) {
		for i := range list {
			shown = append(shown, &agentpb.Response_GetExecutors_Executor{ExecutorInfo: list[i].Info})
		}
		return shown
	}
	s.each(func(f *agentFrameworkSnapshot) {
		answer.Executors = append(answer.Executors, shown(f.executors)...)
		answer.CompletedExecutors = append(answer.CompletedExecutors, shown(f.completed)...)
	})
	return answer
}

// each calls f with every framework, the running ones first.
func (s *agentSnapshot) each(f func(*agentFrameworkSnapshot)) {
	for _, list := range [...][]agentFrameworkSnapshot{s.frameworks, s.completed} {
		for i := range list {
			f(&list[i])
		}
	}
}

func (s *agentSnapshot) getTasks() *agentpb.Response_GetTasks {
	answer := new(agentpb.Response_GetTasks)
	add := func(to *[]*mesospb.Task, tasks []*agentTask) {
		for _, t := range tasks {
			*to = append(*to, t.task)
		}
	}
	s.each(func(f *agentFrameworkSnapshot) {
		for i := range f.executors {
			lists := &f.executors[i].tasks
			add(&answer.QueuedTasks, lists[TaskQueued])
			add(&answer.LaunchedTasks, lists[TaskLaunched])
			add(&answer.TerminatedTasks, lists[TaskTerminated])
			add(&answer.CompletedTasks, lists[TaskAcknowledged])
		}
		for i := range f.completed { // no task runs in these, whatever was heard of it last
			lists := &f.completed[i].tasks
			add(&answer.TerminatedTasks, lists[TaskQueued])
			add(&answer.TerminatedTasks, lists[TaskLaunched])
			add(&answer.TerminatedTasks, lists[TaskTerminated])
			add(&answer.CompletedTasks, lists[TaskAcknowledged])
		}
	})
	return answer
}
