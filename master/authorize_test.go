package master

import (
	"fmt"
	"slices"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/maintenancepb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// https://mesos.apache.org/documentation/latest/authorization/

func aclsOf(t *testing.T, text string) *acl.ACLs {
	t.Helper()
	a, err := acl.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// ruled is a master with ACLs.
func ruled(t *testing.T, text string) *cluster {
	config := testConfig()
	config.ACLs = aclsOf(t, text)
	return newCluster(t, config, Recovered{})
}

// ended are the final updates of tasks, by task.
func ended(effects []Effect) map[string]*mesospb.TaskStatus {
	updates := make(map[string]*mesospb.TaskStatus)
	for _, e := range effects {
		if e, ok := e.(SendEvent); ok && e.Event.GetType() == schedulerpb.Event_UPDATE {
			status := e.Event.GetUpdate().GetStatus()
			updates[status.GetTaskId().GetValue()] = status
		}
	}
	return updates
}

func asUser(user string) func(*mesospb.TaskInfo) {
	return func(info *mesospb.TaskInfo) { info.Command.User = &user }
}

func TestTasksRunAsUsersThatTheirFrameworkMayUse(t *testing.T) {
	// covers: MasterAuthorizationTest.AuthorizedTask
	// covers: MasterAuthorizationTest.UnauthorizedTask
	c := ruled(t, `{"permissive": false, "register_frameworks": [{"principals": {"type": "ANY"}, "roles": {"type": "ANY"}}],
		"register_agents": [{"principals": {"type": "ANY"}, "agents": {"type": "ANY"}}],
		"run_tasks": [{"principals": {"values": ["ann"]}, "users": {"values": ["alice", "bar"]}}]}`)
	here := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s", frameworkInfo(withPrincipal("ann")))
	s.id = "M-0000"
	offer := c.offer(s, here, "cpus:4;mem:1024")
	c.take()
	byExecutor := commandTask("e", here, "cpus:1", withExecutor("x", "cpus:0.1"))
	byExecutor.Executor.Command.User = new("root")
	granted(t, s.accept([]mesos.OfferID{offer},
		commandTask("a", here, "cpus:1"), commandTask("b", here, "cpus:1", asUser("bar")), commandTask("c", here, "cpus:1", asUser("root")), byExecutor))
	got := ended(c.take())
	for _, id := range []string{"a", "b"} {
		if got[id] != nil || c.frameworks["M-0000"].tasks[mesos.TaskID(id)] == nil {
			t.Errorf("task %s was not launched: %v", id, got[id])
		}
	}
	for _, id := range []string{"c", "e"} {
		if got[id].GetState() != mesospb.TaskState_TASK_ERROR || got[id].GetReason() != mesospb.TaskStatus_REASON_TASK_UNAUTHORIZED ||
			got[id].GetSource() != mesospb.TaskStatus_SOURCE_MASTER {
			t.Errorf("task %s: %v", id, got[id])
		}
	}
}

func TestAGroupRunsAsUsersThatItsFrameworkMayUseOrNotAtAll(t *testing.T) {
	// covers: MasterAuthorizationTest.UnauthorizedTaskGroup
	c := ruled(t, `{"run_tasks": [{"principals": {"type": "NONE"}, "users": {"values": ["root"]}}]}`)
	here := c.agent(1, "cpus:4;mem:1024;disk:100")
	s := c.subscribe("s", frameworkInfo(withPrincipal("ann")))
	s.id = "M-0000"
	offer := c.offer(s, here, "cpus:4;mem:1024;disk:100")
	c.take()
	granted(t, s.call(acceptCall([]mesos.OfferID{offer}, groupOf(defaultExecutor("x", s.id, "cpus:0.1;mem:32;disk:32"),
		commandTask("a", here, "cpus:1;mem:32"), commandTask("b", here, "cpus:1;mem:32", asUser("root"))))))
	got := ended(c.take())
	for _, id := range []string{"a", "b"} {
		if got[id].GetState() != mesospb.TaskState_TASK_ERROR || got[id].GetReason() != mesospb.TaskStatus_REASON_TASK_GROUP_UNAUTHORIZED {
			t.Errorf("task %s: %v", id, got[id])
		}
	}
}

func TestFrameworksHaveRolesThatTheyMayHave(t *testing.T) {
	// covers: MasterAuthorizationTest.AuthorizedRole
	// covers: MasterAuthorizationTest.UnauthorizedRole
	c := ruled(t, `{"register_frameworks": [{"principals": {"values": ["ann"]}, "roles": {"values": ["ads", "eng/%"]}},
		{"principals": {"type": "ANY"}, "roles": {"type": "NONE"}}]}`)
	for _, test := range []struct {
		principal string
		roles     []string
		want      bool
	}{
		{"ann", []string{"ads"}, true}, {"ann", []string{"ads", "eng/api"}, true}, {"ann", []string{"ads", "web"}, false},
		{"bob", []string{"ads"}, false}, {"", []string{"ads"}, false},
	} {
		c.take()
		options := []func(*mesospb.FrameworkInfo){multiRole(test.roles...)}
		if test.principal != "" {
			options = append(options, withPrincipal(test.principal))
		}
		c.subscribe("s", frameworkInfo(options...))
		refusal := ""
		for _, e := range c.take() {
			if e, ok := e.(SendEvent); ok && e.Event.GetType() == schedulerpb.Event_ERROR {
				refusal = e.Event.GetError().GetMessage()
			}
		}
		if (refusal == "") != test.want {
			t.Errorf("%q with roles %v: %q", test.principal, test.roles, refusal)
		}
	}
	s := c.subscribe("t", frameworkInfo(multiRole("ads"), withPrincipal("ann"), withFramework("M-0000")))
	says(t, s.update(frameworkInfo(multiRole("ads", "web"), withPrincipal("ann"), withFramework("M-0000"))), mesos.Forbidden, "web")
	granted(t, s.update(frameworkInfo(multiRole("eng/api"), withPrincipal("ann"), withFramework("M-0000"))))
}

// update is an UPDATE_FRAMEWORK.
func (s *scheduler) update(info *mesospb.FrameworkInfo) error {
	s.c.t.Helper()
	return s.call(&schedulerpb.Call{
		Type:            schedulerpb.Call_UPDATE_FRAMEWORK.Enum(),
		UpdateFramework: &schedulerpb.Call_UpdateFramework{FrameworkInfo: info},
	})
}

// An agent that may not register is not shut down: what it runs goes on, and it
// may try again.
func TestAgentsThatMayRegister(t *testing.T) {
	for name, test := range map[string]struct {
		lists, resources string
		want             bool
	}{
		// covers: MasterAuthorizationTest.AuthorizedToRegisterAndReregisterAgent
		"may": {`"register_agents": [{"principals": {"values": ["rack"]}, "agents": {"type": "ANY"}}]`, "cpus:4", true},
		// covers: MasterAuthorizationTest.UnauthorizedToRegisterAgent
		// covers: MasterAuthorizationTest.UnauthorizedToReregisterAgent
		"may not": {`"register_agents": [{"principals": {"type": "ANY"}, "agents": {"type": "NONE"}}]`, "cpus:4", false},
		// covers: MasterAuthorizationTest.UnauthorizedToStaticallyReserveResources
		"may reserve nothing": {`"reserve_resources": [{"principals": {"values": ["rack"]}, "roles": {"type": "NONE"}}]`, "cpus(foo):4", false},
		// covers: MasterAuthorizationTest.UnauthorizedToStaticallyReserveRole
		"may not reserve for a role": {`"reserve_resources": [{"principals": {"values": ["safe"]}, "roles": {"values": ["high"]}},
			{"principals": {"type": "NONE"}, "roles": {"values": ["high"]}}]`, "cpus(high):4", false},
		// covers: MasterAuthorizationTest.AuthorizedToStaticallyReserveRole
		"may reserve for a role": {`"permissive": false, "register_agents": [{"principals": {"values": ["rack"]}, "agents": {"type": "ANY"}}],
			"reserve_resources": [{"principals": {"values": ["rack"]}, "roles": {"values": ["high"]}}]`, "cpus(high):4;cpus:2", true},
		// covers: MasterAuthorizationTest.AuthorizedToRegisterNoStaticReservations
		"reserves nothing": {`"reserve_resources": [{"principals": {"type": "ANY"}, "roles": {"type": "NONE"}}]`, "cpus:4", true},
	} {
		c := ruled(t, "{"+test.lists+"}")
		register := registerMessage(1, test.resources)
		register.Principal = "rack"
		again := reregisterMessage(2, "X-S1", func(msg *linkpb.Reregister) { msg.AgentInfo.Resources = agentInfo(2, test.resources).Resources })
		again.Principal = "rack"
		for _, in := range []AgentMessage{register, again} {
			c.take()
			c.step(in)
			registered, closed := c.links[in.Link] != nil, false
			for _, e := range c.out {
				if _, ok := e.(CloseLink); ok {
					closed = true
				}
			}
			if registered != test.want || closed == test.want || refused(c.out) != "" {
				t.Errorf("%s: registered %v, connection closed %v, told %q", name, registered, closed, refused(c.out))
			}
		}
	}
}

// mayOperateAs lists who may do an operation.
func mayOperateAs(t *testing.T, a *acl.ACLs, o *mesospb.Offer_Operation, yes, no []string) {
	t.Helper()
	m := &Master{config: Config{ACLs: a}}
	for _, who := range yes {
		granted(t, m.mayOperate(who, o))
	}
	for _, who := range no {
		says(t, m.mayOperate(who, o), mesos.Forbidden, who)
	}
}

// diskOf is a disk from a source, reserved for a role.
func diskOf(kind mesospb.Resource_DiskInfo_Source_Type, role string) *mesospb.Resource {
	disk := wireOf(reserved(text("disk:100"), role))[0]
	disk.Disk = &mesospb.Resource_DiskInfo{Source: &mesospb.Resource_DiskInfo_Source{Type: kind.Enum()}}
	if kind == mesospb.Resource_DiskInfo_Source_MOUNT {
		disk.Disk.Source.Mount = &mesospb.Resource_DiskInfo_Source_Mount{Root: new("/mnt/" + role)}
	}
	return disk
}

func breakDisk(kind mesospb.Resource_DiskInfo_Source_Type) func(role string) *mesospb.Offer_Operation {
	return func(role string) *mesospb.Offer_Operation {
		return &mesospb.Offer_Operation{Type: mesospb.Offer_Operation_DESTROY_DISK.Enum(),
			DestroyDisk: &mesospb.Offer_Operation_DestroyDisk{Source: diskOf(kind, role)}}
	}
}

func makeDisk(kind mesospb.Resource_DiskInfo_Source_Type) func(role string) *mesospb.Offer_Operation {
	return func(role string) *mesospb.Offer_Operation {
		return &mesospb.Offer_Operation{Type: mesospb.Offer_Operation_CREATE_DISK.Enum(), CreateDisk: &mesospb.Offer_Operation_CreateDisk{
			Source: diskOf(mesospb.Resource_DiskInfo_Source_RAW, role), TargetType: kind.Enum(),
		}}
	}
}

func TestOperationsAreForRolesThatAreAllowed(t *testing.T) {
	disk := func(role string) resources.Resources { return reserved(text("disk:10"), role) }
	for list, does := range map[acl.Action]func(role string) *mesospb.Offer_Operation{
		// covers: AuthorizationTest.Reserve
		acl.ReserveResources: func(role string) *mesospb.Offer_Operation { return reserve(disk(role)) },
		// covers: AuthorizationTest.CreateVolume
		acl.CreateVolume: func(role string) *mesospb.Offer_Operation { return create(volumeOf(disk(role), "v")) },
		// covers: AuthorizationTest.ResizeVolume
		acl.ResizeVolume: func(role string) *mesospb.Offer_Operation { return grow(volumeOf(disk(role), "v"), disk(role)) },
		// covers: AuthorizationTest.CreateMountDisk
		acl.CreateMountDisk: makeDisk(mesospb.Resource_DiskInfo_Source_MOUNT),
		// covers: AuthorizationTest.CreateBlockDisk
		acl.CreateBlockDisk: makeDisk(mesospb.Resource_DiskInfo_Source_BLOCK),
		// covers: AuthorizationTest.DestroyMountDisk
		acl.DestroyMountDisk: breakDisk(mesospb.Resource_DiskInfo_Source_MOUNT),
		// covers: AuthorizationTest.DestroyBlockDisk
		acl.DestroyBlockDisk: breakDisk(mesospb.Resource_DiskInfo_Source_BLOCK),
		// covers: AuthorizationTest.DestroyRawDisk
		acl.DestroyRawDisk: breakDisk(mesospb.Resource_DiskInfo_Source_RAW),
	} {
		a := aclsOf(t, fmt.Sprintf(`{%q: [{"principals": {"values": ["all"]}, "roles": {"type": "ANY"}},
			{"principals": {"values": ["ads"]}, "roles": {"values": ["ads"]}},
			{"principals": {"values": ["nothing"]}, "roles": {"type": "NONE"}},
			{"principals": {"values": ["top"]}, "roles": {"values": ["eng/%%", "eng"]}},
			{"principals": {"values": ["below"]}, "roles": {"values": ["eng/%%"]}},
			{"principals": {"values": ["exact"]}, "roles": {"values": ["eng"]}},
			{"principals": {"type": "ANY"}, "roles": {"type": "NONE"}}]}`, list))
		mayOperateAs(t, a, does("ads"), []string{"all", "ads"}, []string{"nothing", "top", "eve"})
		mayOperateAs(t, a, does("web"), []string{"all"}, []string{"ads", "nothing", "eve"})
		mayOperateAs(t, a, does("eng"), []string{"all", "top", "exact"}, []string{"below", "ads"})
		mayOperateAs(t, a, does("eng/api"), []string{"all", "top", "below"}, []string{"exact"})
		mayOperateAs(t, a, does("eng/api/v1"), []string{"all", "top", "below"}, []string{"exact"})
	}
	a := aclsOf(t, `{"resize_volumes": [{"principals": {"type": "NONE"}, "roles": {"values": ["ads"]}}]}`)
	mayOperateAs(t, a, shrink(volumeOf(disk("ads"), "v"), 1), nil, []string{"ann"})
}

func TestOperationsTakeBackOnlyWhatIsAllowed(t *testing.T) {
	mine := reserved(text("disk:10"), "web") // by the principal ops
	for list, test := range map[string]struct {
		objects string
		does    *mesospb.Offer_Operation
	}{
		// covers: AuthorizationTest.Unreserve
		"unreserve_resources": {"reserver_principals", unreserve(mine)},
		// covers: AuthorizationTest.DestroyVolume
		"destroy_volumes": {"creator_principals", destroy(volumeOf(mine, "v"))},
	} {
		a := aclsOf(t, fmt.Sprintf(`{%q: [{"principals": {"values": ["ops"]}, %[2]q: {"values": ["ops"]}},
			{"principals": {"values": ["bar"]}, %[2]q: {"type": "NONE"}},
			{"principals": {"values": ["root"]}, %[2]q: {"type": "ANY"}},
			{"principals": {"values": ["foo"]}, %[2]q: {"values": ["foo"]}},
			{"principals": {"type": "ANY"}, %[2]q: {"type": "NONE"}}]}`, list, test.objects))
		mayOperateAs(t, a, test.does, []string{"ops", "root"}, []string{"bar", "foo", "eve"})
	}
	a := aclsOf(t, `{"unreserve_resources": [{"principals": {"values": ["ops"]}, "reserver_principals": {"type": "ANY"}},
		{"principals": {"type": "ANY"}, "reserver_principals": {"type": "NONE"}}]}`)
	nobodys := text("cpus:1").Add(text("cpus(ads):1")).ReservedTo("ads")
	mayOperateAs(t, a, unreserve(nobodys), []string{"ops"}, []string{"eve"})
}

func TestAReservationIsReplacedByThoseWhoMayDoBoth(t *testing.T) {
	// covers: MasterAuthorizationTest.ReserveResources
	a := aclsOf(t, `{"permissive": false,
		"reserve_resources": [{"principals": {"values": ["both", "reserve"]}, "roles": {"values": ["foo", "foo/bar", "baz"]}},
			{"principals": {"values": ["outer"]}, "roles": {"values": ["foo"]}}],
		"unreserve_resources": [{"principals": {"values": ["both", "unreserve"]}, "reserver_principals": {"values": ["ops"]}}]}`)
	free := text("cpus:1")
	foo, baz := reserved(free, "foo"), reserved(free, "baz")
	refined := reserved(foo, "foo/bar")
	mayOperateAs(t, a, rereserve(free, foo), []string{"both", "reserve", "outer"}, []string{"unreserve"})
	mayOperateAs(t, a, rereserve(free, refined), []string{"both", "reserve"}, []string{"outer", "unreserve"})
	mayOperateAs(t, a, rereserve(foo, refined), []string{"both", "reserve"}, []string{"outer", "unreserve"})
	mayOperateAs(t, a, rereserve(foo, baz), []string{"both"}, []string{"reserve", "unreserve", "outer"})
	mayOperateAs(t, a, rereserve(refined, baz), []string{"both"}, []string{"reserve", "unreserve", "outer"})
	mayOperateAs(t, a, rereserve(foo, foo), []string{"both", "eve"}, nil) // there is nothing to allow
}

func TestOperationsOfAnAcceptAreAuthorizedOneByOne(t *testing.T) {
	// covers: MasterOperationAuthorizationTest.Accept
	disk := reserved(text("disk:100"), "web")
	for list, test := range map[string]struct {
		objects string
		offered resources.Resources
		does    *mesospb.Offer_Operation
	}{
		"reserve_resources":   {"roles", text("disk:100"), reserve(disk)},
		"unreserve_resources": {"reserver_principals", disk, unreserve(disk)},
		"create_volumes":      {"roles", disk, create(volumeOf(disk, "v"))},
	} {
		for _, allowed := range []bool{true, false} {
			y := newYard(t)
			if !test.offered.Reserved().IsEmpty() {
				y.done(text("disk:100"), reserve(disk))
			}
			kind := "NONE"
			if allowed {
				kind = "ANY"
			}
			y.config.ACLs = aclsOf(t, fmt.Sprintf(`{%q: [{"principals": {"type": "ANY"}, %q: {"type": %q}}]}`, list, test.objects, kind))
			task := commandTask("t", y.agent, "cpus:1")
			y.accept(test.offered.Add(text("cpus:1")), heard("op", test.does), launchOf(task))
			if got := len(y.applied()); (got == 1) != allowed {
				t.Errorf("%s, allowed %v: %d operations were sent", list, allowed, got)
			}
			told := 0
			for _, e := range y.out {
				e, ok := e.(SendEvent)
				status := e.Event.GetUpdateOperationStatus().GetStatus()
				if ok && status.GetState() == mesospb.OperationState_OPERATION_ERROR && status.GetOperationId().GetValue() == "op" {
					told++
				}
			}
			if (told == 1) == allowed {
				t.Errorf("%s, allowed %v: the framework was told of %d errors", list, allowed, told)
			}
			if y.frameworks[mesos.FrameworkID(y.s.id)].tasks["t"] == nil {
				t.Errorf("%s, allowed %v: what follows was not done", list, allowed)
			}
		}
	}
}

func (c *cluster) tearDown(principal, framework string) error {
	c.t.Helper()
	return c.asked(func(id RequestID) Input { return Teardown{Request: id, Principal: principal, Framework: framework} })
}

func TestFrameworksAreTornDownByThoseWhoMay(t *testing.T) {
	c := ruled(t, `{"teardown_frameworks": [{"principals": {"values": ["ops"]}, "framework_principals": {"values": ["ann"]}},
		{"principals": {"values": ["root"]}, "framework_principals": {"type": "ANY"}},
		{"principals": {"type": "ANY"}, "framework_principals": {"type": "NONE"}}]}`)
	c.subscribe("s1", frameworkInfo(withPrincipal("ann")))
	c.subscribe("s2", frameworkInfo(withPrincipal("bob")))
	c.subscribe("s3", frameworkInfo())
	says(t, c.tearDown("ann", "M-0000"), mesos.Forbidden, "ann", "M-0000")
	says(t, c.tearDown("", "M-0000"), mesos.Forbidden)
	granted(t, c.tearDown("ops", "M-0000"))
	says(t, c.tearDown("ops", "M-0000"), mesos.Invalid, "M-0000")
	says(t, c.tearDown("ops", "M-0001"), mesos.Forbidden, "bob")
	says(t, c.tearDown("ops", "M-0002"), mesos.Forbidden)
	granted(t, c.tearDown("root", "M-0001"))
	granted(t, c.tearDown("root", "M-0002"))
}

func TestWeightsAndQuotasAreSetByThoseWhoMay(t *testing.T) {
	c := ruled(t, `{"update_weights": [{"principals": {"values": ["ops"]}, "roles": {"values": ["dev"]}}, {"principals": {"type": "ANY"}, "roles": {"type": "NONE"}}],
		"update_quotas": [{"principals": {"values": ["ops"]}, "roles": {"values": ["dev"]}}, {"principals": {"type": "ANY"}, "roles": {"type": "NONE"}}]}`)
	c.connectAllocator(1)
	weigh := func(who, role string) error {
		return c.asked(func(id RequestID) Input {
			return UpdateWeights{Request: id, Principal: who, Weights: []*mesospb.WeightInfo{{Role: new("dev"), Weight: new(2.0)}, {Role: &role, Weight: new(2.0)}}}
		})
	}
	granted(t, weigh("ops", "dev"))
	says(t, weigh("ops", "web"), mesos.Forbidden, "web")
	says(t, weigh("eve", "dev"), mesos.Forbidden, "eve")
	says(t, weigh("", "dev"), mesos.Forbidden)

	for _, who := range []string{"ops", "eve", ""} {
		check := func(err error) {
			t.Helper()
			if who == "ops" {
				granted(t, err)
			} else {
				says(t, err, mesos.Forbidden, who, "dev")
			}
		}
		check(c.asked(func(id RequestID) Input {
			return UpdateQuota{Request: id, Principal: who, Force: true, Configs: []*quotapb.QuotaConfig{quotaConfig("dev", "cpus:1", "cpus:2")}}
		}))
		check(c.asked(func(id RequestID) Input { return RemoveQuota{Request: id, Principal: who, Role: "dev"} }))
		check(c.asked(func(id RequestID) Input {
			return SetQuota{Request: id, Principal: who, Quota: &quotapb.QuotaRequest{Role: new("dev"), Force: new(true), Guarantee: wireOf(text("cpus:1"))}}
		}))
	}
}

func TestAgentsAreTakenOutOfUseByThoseWhoMay(t *testing.T) {
	rule := `[{"principals": {"values": ["ops"]}, "agents": {"type": "ANY"}}]`
	c := ruled(t, `{"permissive": false, "register_agents": [{"principals": {"type": "ANY"}, "agents": {"type": "ANY"}}],
		"deactivate_agents": `+rule+`, "reactivate_agents": `+rule+`, "drain_agents": `+rule+`,
		"mark_agents_gone": [{"principals": {"values": ["boss"]}, "agents": {"type": "ANY"}}]}`)
	c.connectAllocator(1)
	here := c.agent(1, "cpus:4")
	for _, in := range []func(RequestID, string) Input{
		func(id RequestID, who string) Input { return DeactivateAgent{Request: id, Principal: who, Agent: here} },
		func(id RequestID, who string) Input { return ReactivateAgent{Request: id, Principal: who, Agent: here} },
		func(id RequestID, who string) Input { return DrainAgent{Request: id, Principal: who, Agent: here} },
	} {
		says(t, c.asked(func(id RequestID) Input { return in(id, "eve") }), mesos.Forbidden, "eve")
		granted(t, c.asked(func(id RequestID) Input { return in(id, "ops") }))
	}
	for _, who := range []string{"ops", "boss"} { // it takes both
		says(t, c.asked(func(id RequestID) Input {
			return DrainAgent{Request: id, Principal: who, Agent: here, MarkGone: true}
		}), mesos.Forbidden, who)
	}
	// covers: MasterAPITest.MarkRegisteredAgentGoneUnauthorized
	says(t, c.asked(func(id RequestID) Input { return MarkAgentGone{Request: id, Principal: "ops", Agent: here} }), mesos.Forbidden, "ops")
	if c.agents[here] == nil {
		t.Error("the agent is gone")
	}
	granted(t, c.asked(func(id RequestID) Input { return MarkAgentGone{Request: id, Principal: "boss", Agent: here} }))
}

func TestOperatorsChangeWhatTheyMay(t *testing.T) {
	// covers: MasterTest.CreateVolumesV1AuthorizationFailure
	y := newYard(t)
	y.config.ACLs = aclsOf(t, `{"create_volumes": [{"principals": {"type": "ANY"}, "roles": {"type": "NONE"}}]}`)
	disk := reserved(text("disk:100"), "web")
	granted(t, y.cluster.asked(func(id RequestID) Input {
		return Operate{Request: id, Principal: "ops", Agent: string(y.agent), Operation: reserve(disk)}
	}))
	says(t, y.cluster.asked(func(id RequestID) Input {
		return Operate{Request: id, Principal: "ops", Agent: string(y.agent), Operation: create(volumeOf(disk, "v"))}
	}), mesos.Forbidden, "ops", "web")
}

func TestMaintenanceIsForThoseWhoMay(t *testing.T) {
	c := ruled(t, `{"permissive": false,
		"update_maintenance_schedules": [{"principals": {"values": ["ops"]}, "machines": {"type": "ANY"}}],
		"start_maintenances": [{"principals": {"values": ["ops"]}, "machines": {"type": "ANY"}}],
		"stop_maintenances": [{"principals": {"values": ["ops"]}, "machines": {"type": "ANY"}}]}`)
	machines := []*mesospb.MachineID{{Hostname: new("a1.example"), Ip: new("10.0.0.1")}}
	plan := &maintenancepb.Schedule{Windows: []*maintenancepb.Window{window(machines...)}}
	for _, in := range []func(RequestID, string) Input{
		func(id RequestID, who string) Input {
			return UpdateMaintenanceSchedule{Request: id, Principal: who, Schedule: plan}
		},
		func(id RequestID, who string) Input {
			return StartMaintenance{Request: id, Principal: who, Machines: machines}
		},
		func(id RequestID, who string) Input {
			return StopMaintenance{Request: id, Principal: who, Machines: machines}
		},
	} {
		says(t, c.asked(func(id RequestID) Input { return in(id, "eve") }), mesos.Forbidden, "eve")
		granted(t, c.asked(func(id RequestID) Input { return in(id, "ops") }))
	}
}

func TestTasksAreKilledByThoseWhoMayTearTheirFrameworkDown(t *testing.T) {
	c := ruled(t, `{"teardown_frameworks": [{"principals": {"values": ["ops"]}, "framework_principals": {"values": ["ann"]}},
		{"principals": {"type": "ANY"}, "framework_principals": {"type": "NONE"}}]}`)
	c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo(withPrincipal("ann")))
	c.runningTask(s, 1, "t")
	kill := func(principal, framework, task string, policy *mesospb.KillPolicy) error {
		return c.asked(func(id RequestID) Input {
			return Kill{
				Request: id, Principal: principal, Framework: mesos.FrameworkID(framework), Task: mesos.TaskID(task), Policy: policy,
			}
		})
	}
	says(t, kill("eve", "M-0000", "t", nil), mesos.Forbidden, "eve", "M-0000")
	says(t, kill("ops", "M-0001", "t", nil), mesos.NotFound, "M-0001")
	says(t, kill("ops", "M-0000", "u", nil), mesos.NotFound, `"u"`)
	c.take()
	granted(t, kill("ops", "M-0000", "t", &mesospb.KillPolicy{GracePeriod: &mesospb.DurationInfo{Nanoseconds: new(int64(7))}}))
	var grace []int64
	for _, e := range c.take() {
		if e, ok := e.(SendAgent); ok && e.Message.GetKillTask().GetTaskId().GetValue() == "t" {
			grace = append(grace, e.Message.GetKillTask().GetKillPolicy().GetGracePeriod().GetNanoseconds())
		}
	}
	if len(grace) != 1 || grace[0] != 7 {
		t.Errorf("the agent was told of grace periods %v", grace)
	}
	c.update(1, s, "t", mesospb.TaskState_TASK_KILLED, 2)
	says(t, kill("ops", "M-0000", "t", nil), mesos.Conflict, "has ended")
}

func TestAKillWaitsForAnAgentThatIsAway(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo())
	c.runningTask(s, 1, "t")
	c.step(LinkClosed{Link: 1})
	c.take()
	granted(t, c.asked(func(id RequestID) Input { return Kill{Request: id, Framework: mesos.FrameworkID(s.id), Task: "t"} }))
	c.step(reregisterMessage(1, string(a), runs(s, a, mesospb.TaskState_TASK_RUNNING, "t")))
	if got := c.sentTo(1); !slices.Contains(got, "kill t") {
		t.Errorf("the agent that came back was sent %v", got)
	}
}
