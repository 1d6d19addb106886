package agent

import (
	"testing"

	"github.com/mesosctl/mesosctl/mesos/acl"
)

// https://mesos.apache.org/documentation/latest/authorization/
func TestAnAgentRunsTasksOfTheUsersThatItMay(t *testing.T) {
	// covers: SlaveAuthorizerTest.AuthorizeRunTaskOnAgent
	acls, err := acl.Parse([]byte(`{"permissive": false,
		"run_tasks": [{"principals": {"type": "ANY"}, "users": {"values": ["bar", "bob"]}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, State{})
	s.settings.ACLs = acls
	s.agent = New(s.settings, State{})
	s.do("start", "connected", "registered")
	got := s.do("run task=t1 user=foo")
	s.contains(got, "F/t1 ERROR TASK_UNAUTHORIZED by agent", `may not run task \"t1\" as user \"foo\" on this agent`)
	s.lacks(got, "launch")
	s.contains(s.do("run task=t2 user=foo as=bob"), "command executor F/t2 as bob")
	s.contains(s.do("run tasks=t3,t4 executor=E group user=foo"), "F/t3 ERROR TASK_GROUP_UNAUTHORIZED", "F/t4 ERROR TASK_GROUP_UNAUTHORIZED")
	// The master counted on the executor that isn't launched.
	// covers: SlaveTest.RemoveExecutorUponFailedTaskAuthorization
	got = s.do("run task=t5 executor=X new=true user=foo")
	s.contains(got, "F/t5 ERROR TASK_UNAUTHORIZED", "executor F/X exited, status unknown")
	s.lacks(got, "launch")
}
