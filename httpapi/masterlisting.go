package httpapi

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// section is the part of a master's Response that answers a call. The numbers
// of fields are those of mesos.v1.master.Response; tests hold them to it.
func (s *masterSnapshot) section(kind masterpb.Response_Type) section {
	switch kind {
	case masterpb.Response_GET_STATE:
		return section{name: "get_state", number: 9, parts: []section{
			s.tasks(1), s.executors(2), s.frameworkList(3), s.agentList(4),
		}}
	case masterpb.Response_GET_AGENTS:
		return s.agentList(10)
	case masterpb.Response_GET_FRAMEWORKS:
		return s.frameworkList(11)
	case masterpb.Response_GET_EXECUTORS:
		return s.executors(12)
	case masterpb.Response_GET_TASKS:
		return s.tasks(13)
	}
	panic("httpapi: no section answers " + kind.String())
}

func (s *masterSnapshot) tasks(number protowire.Number) section {
	var lists [4][]*taskRecord
	for _, frameworks := range [...][]frameworkSnapshot{s.frameworks, s.completed} {
		for i := range frameworks {
			for j := range lists {
				lists[j] = append(lists[j], frameworks[i].tasks[j]...)
			}
		}
	}
	return section{name: "get_tasks", number: number, lists: []listing{
		list("pending_tasks", 1, lists[TaskPending], (*taskRecord).in),
		list("tasks", 2, lists[TaskActive], (*taskRecord).in),
		list("completed_tasks", 3, lists[TaskCompleted], (*taskRecord).in),
		list("unreachable_tasks", 5, lists[TaskUnreachable], (*taskRecord).in),
	}}
}

func (r *taskRecord) in(media wire.MediaType) []byte { return r.wire.get(media, r.task) }

func (s *masterSnapshot) executors(number protowire.Number) section {
	var records []*executorRecord
	for i := range s.frameworks {
		records = append(records, s.frameworks[i].executors...)
	}
	return section{name: "get_executors", number: number, lists: []listing{
		list("executors", 1, records, (*executorRecord).in),
	}}
}

func (r *executorRecord) in(media wire.MediaType) []byte {
	return r.wire.made(media, func() wire.Message { return r.message() })
}

func (r *executorRecord) message() *masterpb.Response_GetExecutors_Executor {
	agent := string(r.agent)
	return &masterpb.Response_GetExecutors_Executor{
		ExecutorInfo: r.info, AgentId: &mesospb.AgentID{Value: &agent},
	}
}

func (s *masterSnapshot) agentList(number protowire.Number) section {
	return section{name: "get_agents", number: number, lists: []listing{
		list("agents", 1, s.agents, (*agentRecord).in),
		list("recovered_agents", 2, s.recovered, (*agentRecord).in),
	}}
}

func (r *agentRecord) in(media wire.MediaType) []byte {
	if r.agent == nil {
		return r.wire.get(media, r.info)
	}
	return r.wire.made(media, func() wire.Message { return endpointAgent(r.agent) })
}

// endpointAgent is an agent as calls and events show it: with resources in the
// format of endpoints, but for those that it said it has, which are as it sent them.
func endpointAgent(a *masterpb.Response_GetAgents_Agent) *masterpb.Response_GetAgents_Agent {
	shown := a.CloneVT()
	shown.TotalResources = convert.Endpoint(a.TotalResources)
	shown.AllocatedResources = convert.Endpoint(a.AllocatedResources)
	shown.OfferedResources = convert.Endpoint(a.OfferedResources)
	return shown
}

func (s *masterSnapshot) frameworkList(number protowire.Number) section {
	return section{name: "get_frameworks", number: number, lists: []listing{
		list("frameworks", 1, s.frameworks, frameworkSnapshot.in),
		list("completed_frameworks", 2, s.completed, frameworkSnapshot.in),
	}}
}

func (f frameworkSnapshot) in(media wire.MediaType) []byte {
	if len(f.offers) == 0 {
		return f.wire.get(media, f.framework)
	}
	return new(encodings).get(media, f.shown()) // not kept: offers come and go
}

// shown is the framework with its outstanding offers.
func (f frameworkSnapshot) shown() *masterpb.Response_GetFrameworks_Framework {
	if len(f.offers) == 0 {
		return f.framework
	}
	shown := &masterpb.Response_GetFrameworks_Framework{
		FrameworkInfo: f.framework.FrameworkInfo, Active: f.framework.Active, Connected: f.framework.Connected,
		Recovered: f.framework.Recovered, RegisteredTime: f.framework.RegisteredTime,
		ReregisteredTime: f.framework.ReregisteredTime, UnregisteredTime: f.framework.UnregisteredTime,
		InverseOffers: f.framework.InverseOffers, AllocatedResources: f.framework.AllocatedResources,
		OfferedResources: f.framework.OfferedResources, OfferConstraints: f.framework.OfferConstraints,
	}
	for _, record := range f.offers {
		shown.Offers = append(shown.Offers, record.offer)
	}
	return shown
}
