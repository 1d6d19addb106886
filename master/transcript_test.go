package master

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

var rewrite = flag.Bool("rewrite", false, "write what the stories in testdata do as what they should do")

// story plays testdata/<name>.txt: commands, each with what it should cause.
// Lines that begin with # are for the reader. The commands are those of
// teller.commands below; agents are known by the number of their link, streams
// and tasks by name.
func story(t *testing.T, name string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	s := newTeller(t)
	for _, line := range strings.Split(strings.TrimRight(string(text), "\n"), "\n") {
		switch {
		case strings.HasPrefix(line, "    "): // what it should cause
			continue
		case line == "" || strings.HasPrefix(line, "#"):
			fmt.Fprintln(&out, line)
			continue
		}
		fmt.Fprintln(&out, line)
		s.tell(line)
		for _, e := range s.c.take() {
			if line := s.describe(e); line != "" {
				fmt.Fprintln(&out, "    "+line)
			}
		}
	}
	if *rewrite {
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, want := strings.Split(out.String(), "\n"), strings.Split(string(text), "\n")
	for i := range max(len(got), len(want)) {
		g, w := "(end)", "(end)"
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Fatalf("%s:%d:\n got %s\nwant %s\n(go test -rewrite writes the story anew)", path, i+1, g, w)
		}
	}
}

// A teller plays the commands of a story.
type teller struct {
	c          *cluster
	schedulers map[StreamID]*scheduler
	infos      map[LinkID]*mesospb.AgentInfo
	frameworks map[string]*mesospb.FrameworkInfo // by ID, as agents know them
	logs       bool
}

func newTeller(t *testing.T) *teller {
	config := testConfig()
	return &teller{
		c:          newCluster(t, config, Recovered{}),
		schedulers: make(map[StreamID]*scheduler),
		infos:      make(map[LinkID]*mesospb.AgentInfo),
		frameworks: make(map[string]*mesospb.FrameworkInfo),
	}
}

// tell plays one command: a verb, words, and options as key=value.
func (s *teller) tell(line string) {
	t := s.c.t
	t.Helper()
	words := strings.Fields(line)
	options := make(map[string]string)
	args := words[:0:0]
	for _, w := range words[1:] {
		if key, value, ok := strings.Cut(w, "="); ok {
			options[key] = value
		} else {
			args = append(args, w)
		}
	}
	command := s.commands()[words[0]]
	if command == nil {
		t.Fatalf("no such command: %s", line)
	}
	command(args, options)
}

type command func(args []string, options map[string]string)

// commands are the verbs of stories.
func (s *teller) commands() map[string]command {
	return map[string]command{
		// master admitted=M-S0:1,M-S1:2: a new master after a failover; agents
		// and schedulers must come back to it.
		"master":     s.newMaster,
		"subscribe":  s.subscribe,  // subscribe STREAM [id= name= timeout= caps= roles= checkpoint= suppressed=]
		"call":       s.call,       // call STREAM TYPE [task= agent= uuid= roles= data= executor=]
		"accept":     s.accept,     // accept STREAM OFFER... launch=t1:cpus:1;mem:32 ... [executor= group=true refuse=]
		"decline":    s.decline,    // decline STREAM OFFER... [refuse=]
		"offer":      s.offer,      // offer STREAM AGENT RESOURCES [role=]
		"register":   s.register,   // register LINK RESOURCES
		"reregister": s.reregister, // reregister LINK AGENT RESOURCES [as= tasks=FRAMEWORK/ID/STATE,... executors=FRAMEWORK/ID]
		"update":     s.update,     // update LINK FRAMEWORK TASK STATE UUID [latest=]
		"exited":     s.exited,     // exited LINK FRAMEWORK EXECUTOR STATUS
		"says":       s.says,       // says LINK FRAMEWORK EXECUTOR DATA
		"pong":       s.pong,
		"unregister": s.unregister,
		"unlink":     func(args []string, _ map[string]string) { s.c.step(LinkClosed{Link: s.link(args[0])}) },
		"break":      func(args []string, _ map[string]string) { s.c.step(StreamClosed{Stream: StreamID(args[0])}) },
		"pass":       s.pass,
		"registry": func(args []string, _ map[string]string) { // registry slow|writes
			s.c.slowRegistry = args[0] == "slow"
			s.c.written()
		},
		"teardown": func(args []string, _ map[string]string) { s.c.step(Teardown{Framework: args[0]}) },
		"tasks":    s.tasks,
		"logs":     func(args []string, _ map[string]string) { s.logs = args[0] == "on" },
	}
}

func (s *teller) newMaster(_ []string, options map[string]string) {
	keys := make(map[string][]byte)
	for _, word := range list(options["admitted"]) {
		id, link, _ := strings.Cut(word, ":")
		info := agentInfo(s.link(link), options["resources"])
		info.Id = wireAgentID(mesos.AgentID(id))
		keys[AdmittedKey(mesos.AgentID(id))] = putAdmitted(info, nil).Value
	}
	for _, id := range list(options["unreachable"]) {
		write := putUnreachable(mesos.AgentID(id), &mesospb.TimeInfo{Nanoseconds: new(epoch.UnixNano())}, nil)
		keys[write.Key] = write.Value
	}
	recovered, err := DecodeRecovered(keys)
	if err != nil {
		s.c.t.Fatal(err)
	}
	config := testConfig()
	config.Info.Id = new("N")
	config.Term = 8
	now := s.c.now
	s.c = newCluster(s.c.t, config, recovered)
	s.c.now = now
	s.c.step(Tick{})
}

func (s *teller) subscribe(args []string, options map[string]string) {
	info := frameworkInfo(func(info *mesospb.FrameworkInfo) {
		if id := options["id"]; id != "" {
			info.Id = &mesospb.FrameworkID{Value: new(id)}
		}
		if name := options["name"]; name != "" {
			info.Name = new(name)
		}
		if timeout := options["timeout"]; timeout != "" {
			d, err := time.ParseDuration(timeout)
			if err != nil {
				s.c.t.Fatal(err)
			}
			info.FailoverTimeout = new(d.Seconds())
		}
		if options["checkpoint"] == "false" {
			info.Checkpoint = new(false)
		}
		if principal := options["principal"]; principal != "" {
			info.Principal = new(principal)
		}
		for _, name := range list(options["caps"]) {
			withCapability(mesospb.FrameworkInfo_Capability_Type(mesospb.FrameworkInfo_Capability_Type_value[name]))(info)
		}
		info.Roles = list(options["roles"])
	})
	stream := StreamID(args[0])
	s.c.request++
	s.c.step(Subscribe{Request: s.c.request, Stream: stream, Call: &schedulerpb.Call{
		Type: schedulerpb.Call_SUBSCRIBE.Enum(), FrameworkId: info.Id,
		Subscribe: &schedulerpb.Call_Subscribe{FrameworkInfo: info, SuppressedRoles: list(options["suppressed"])},
	}})
	s.schedulers[stream] = &scheduler{c: s.c, id: info.GetId().GetValue(), stream: stream}
	s.frameworks[info.GetId().GetValue()] = info.CloneVT()
}

func (s *teller) scheduler(stream string) *scheduler {
	sched := s.schedulers[StreamID(stream)]
	if sched == nil {
		s.c.t.Fatalf("no stream %s", stream)
	}
	sched.c = s.c
	return sched
}

func (s *teller) call(args []string, options map[string]string) {
	call := &schedulerpb.Call{Type: schedulerpb.Call_Type(schedulerpb.Call_Type_value[args[1]]).Enum()}
	var task *mesospb.TaskID
	var agent *mesospb.AgentID
	var executor *mesospb.ExecutorID
	if id := options["task"]; id != "" {
		task = &mesospb.TaskID{Value: new(id)}
	}
	if id := options["agent"]; id != "" {
		agent = wireAgentID(mesos.AgentID(id))
	}
	if id := options["executor"]; id != "" {
		executor = &mesospb.ExecutorID{Value: new(id)}
	}
	switch call.GetType() {
	case schedulerpb.Call_ACKNOWLEDGE:
		call.Acknowledge = &schedulerpb.Call_Acknowledge{AgentId: agent, TaskId: task, Uuid: uuid(number(options["uuid"]))}
	case schedulerpb.Call_KILL:
		call.Kill = &schedulerpb.Call_Kill{TaskId: task, AgentId: agent}
		if grace := options["grace"]; grace != "" {
			d, _ := time.ParseDuration(grace)
			call.Kill.KillPolicy = &mesospb.KillPolicy{GracePeriod: &mesospb.DurationInfo{Nanoseconds: new(int64(d))}}
		}
	case schedulerpb.Call_RECONCILE:
		call.Reconcile = &schedulerpb.Call_Reconcile{}
		if task != nil {
			call.Reconcile.Tasks = []*schedulerpb.Call_Reconcile_Task{{TaskId: task, AgentId: agent}}
		}
	case schedulerpb.Call_REVIVE:
		call.Revive = &schedulerpb.Call_Revive{Roles: list(options["roles"])}
	case schedulerpb.Call_SUPPRESS:
		call.Suppress = &schedulerpb.Call_Suppress{Roles: list(options["roles"])}
	case schedulerpb.Call_MESSAGE:
		call.Message = &schedulerpb.Call_Message{AgentId: agent, ExecutorId: executor, Data: []byte(options["data"])}
	case schedulerpb.Call_SHUTDOWN:
		call.Shutdown = &schedulerpb.Call_Shutdown{AgentId: agent, ExecutorId: executor}
	case schedulerpb.Call_REQUEST:
		call.Request = &schedulerpb.Call_Request{}
	}
	_ = s.scheduler(args[0]).call(call) // the reply is in the story
}

func (s *teller) accept(args []string, options map[string]string) {
	call := acceptCall(offersNamed(args[1:]))
	var tasks []*mesospb.TaskInfo
	for _, word := range strings.Split(options["launch"], ",") {
		name, text, ok := strings.Cut(word, ":")
		if !ok {
			continue
		}
		agent := options["agent"]
		if agent == "" {
			agent = "M-S0"
		}
		task := commandTask(name, mesos.AgentID(agent), text)
		if e := options["executor"]; e != "" && options["group"] == "" {
			withExecutor(e, "cpus:0.1;mem:32")(task)
		}
		if options["group"] != "" {
			task.Command = &mesospb.CommandInfo{Value: new("sleep 1")}
		}
		tasks = append(tasks, task)
	}
	switch {
	case options["group"] != "":
		call.Accept.Operations = []*mesospb.Offer_Operation{groupOperation(options["executor"], args, s, tasks)}
	case len(tasks) > 0:
		call.Accept.Operations = []*mesospb.Offer_Operation{{
			Type: mesospb.Offer_Operation_LAUNCH.Enum(), Launch: &mesospb.Offer_Operation_Launch{TaskInfos: tasks},
		}}
	}
	call.Accept.Filters = filters(options["refuse"])
	_ = s.scheduler(args[0]).call(call) // the reply is in the story
}

func groupOperation(executor string, args []string, s *teller, tasks []*mesospb.TaskInfo) *mesospb.Offer_Operation {
	return &mesospb.Offer_Operation{
		Type: mesospb.Offer_Operation_LAUNCH_GROUP.Enum(),
		LaunchGroup: &mesospb.Offer_Operation_LaunchGroup{
			Executor:  defaultExecutor(executor, s.scheduler(args[0]).id, "cpus:0.1;mem:32;disk:32"),
			TaskGroup: &mesospb.TaskGroupInfo{Tasks: tasks},
		},
	}
}

func (s *teller) decline(args []string, options map[string]string) {
	_ = s.scheduler(args[0]).call(&schedulerpb.Call{ // the reply is in the story
		Type:    schedulerpb.Call_DECLINE.Enum(),
		Decline: &schedulerpb.Call_Decline{OfferIds: offerIDs(offersNamed(args[1:])), Filters: filters(options["refuse"])},
	})
}

func (s *teller) offer(args []string, options map[string]string) {
	role := options["role"]
	if role == "" {
		role = "*"
	}
	s.c.offerTo(s.scheduler(args[0]), mesos.AgentID(args[1]), role, args[2])
}

func (s *teller) register(args []string, _ map[string]string) {
	link := s.link(args[0])
	s.infos[link] = agentInfo(link, args[1])
	s.c.step(registerMessage(link, args[1]))
}

func (s *teller) reregister(args []string, options map[string]string) {
	link, as := s.link(args[0]), s.link(args[0])
	if options["as"] != "" { // the host of another link
		as = s.link(options["as"])
	}
	info := agentInfo(as, args[2])
	info.Id = wireAgentID(mesos.AgentID(args[1]))
	msg := &linkpb.Reregister{AgentInfo: info, Version: new("1.0.0"), Capabilities: agentCapabilities()}
	known := make(map[string]bool)
	framework := func(id string) {
		if !known[id] {
			known[id] = true
			msg.Frameworks = append(msg.Frameworks, s.frameworks[id].CloneVT())
		}
	}
	for _, word := range list(options["tasks"]) {
		part := strings.Split(word, "/")
		framework(part[0])
		record := newRecord(commandTask(part[1], mesos.AgentID(args[1]), "cpus:1;mem:64"), &mesospb.FrameworkID{Value: new(part[0])})
		for _, r := range record.Resources {
			r.AllocationInfo = &mesospb.Resource_AllocationInfo{Role: new("*")}
		}
		record.State = mesospb.TaskState(mesospb.TaskState_value[part[2]]).Enum()
		msg.Tasks = append(msg.Tasks, record)
	}
	for _, word := range list(options["executors"]) {
		id, executor, _ := strings.Cut(word, "/")
		framework(id)
		task := commandTask("", "", "cpus:1", withExecutor(executor, "cpus:0.1;mem:32"))
		task.Executor.FrameworkId = &mesospb.FrameworkID{Value: new(id)}
		for _, r := range task.Executor.Resources {
			r.AllocationInfo = &mesospb.Resource_AllocationInfo{Role: new("*")}
		}
		msg.Executors = append(msg.Executors, &linkpb.Reregister_Executor{
			ExecutorInfo: task.Executor, ContainerId: &mesospb.ContainerID{Value: new("c")},
		})
	}
	for _, id := range list(options["frameworks"]) {
		framework(id)
	}
	s.c.step(AgentMessage{Link: link, Address: agentAddress(as), Message: &linkpb.ToMaster{
		Message: &linkpb.ToMaster_Reregister{Reregister: msg},
	}})
}

func (s *teller) update(args []string, options map[string]string) {
	state := mesospb.TaskState(mesospb.TaskState_value[args[3]])
	s.c.update(s.link(args[0]), &scheduler{c: s.c, id: args[1]}, args[2], state, number(args[4]), func(u *linkpb.StatusUpdate) {
		if latest := options["latest"]; latest != "" {
			u.LatestState = mesospb.TaskState(mesospb.TaskState_value[latest]).Enum()
		}
	})
}

func (s *teller) exited(args []string, _ map[string]string) {
	s.c.fromAgent(s.link(args[0]), &linkpb.ToMaster{Message: &linkpb.ToMaster_ExitedExecutor{ExitedExecutor: &linkpb.ExitedExecutor{
		FrameworkId: &mesospb.FrameworkID{Value: new(args[1])}, ExecutorId: &mesospb.ExecutorID{Value: new(args[2])},
		Status: new(int32(number(args[3]))),
	}}})
}

func (s *teller) says(args []string, _ map[string]string) {
	s.c.fromAgent(s.link(args[0]), &linkpb.ToMaster{Message: &linkpb.ToMaster_ExecutorMessage{ExecutorMessage: &linkpb.ExecutorMessage{
		FrameworkId: &mesospb.FrameworkID{Value: new(args[1])}, ExecutorId: &mesospb.ExecutorID{Value: new(args[2])},
		Data: []byte(args[3]),
	}}})
}

func (s *teller) pong(args []string, _ map[string]string) {
	s.c.fromAgent(s.link(args[0]), &linkpb.ToMaster{Message: &linkpb.ToMaster_Pong{Pong: &linkpb.Pong{}}})
}

func (s *teller) unregister(args []string, _ map[string]string) {
	s.c.fromAgent(s.link(args[0]), &linkpb.ToMaster{Message: &linkpb.ToMaster_Unregister{
		Unregister: &linkpb.Unregister{AgentId: wireAgentID(mesos.AgentID(args[1]))},
	}})
}

func (s *teller) pass(args []string, _ map[string]string) {
	d, err := time.ParseDuration(args[0])
	if err != nil {
		s.c.t.Fatal(err)
	}
	s.c.pass(d)
}

// tasks puts into the story what readers see of the tasks.
func (s *teller) tasks([]string, map[string]string) {
	for _, key := range sortedKeys(s.c.views.tasks) {
		s.c.out = append(s.c.out, s.c.views.tasks[key])
	}
}

func (s *teller) link(word string) LinkID { return LinkID(number(word)) }

func list(words string) []string {
	if words == "" {
		return nil
	}
	return strings.Split(words, ",")
}

func number(word string) byte {
	n, err := strconv.Atoi(word)
	if err != nil {
		panic(err)
	}
	return byte(n)
}

func offersNamed(words []string) []mesos.OfferID {
	ids := make([]mesos.OfferID, len(words))
	for i, w := range words {
		ids[i] = mesos.OfferID(w)
	}
	return ids
}

func filters(refuse string) *mesospb.Filters {
	if refuse == "" {
		return nil
	}
	d, err := time.ParseDuration(refuse)
	if err != nil {
		panic(err)
	}
	return &mesospb.Filters{RefuseSeconds: new(d.Seconds())}
}
