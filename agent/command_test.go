package agent

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func commandTask(id string, c *mesospb.CommandInfo) *mesospb.TaskInfo {
	return &mesospb.TaskInfo{TaskId: &mesospb.TaskID{Value: &id}, Command: c}
}

func TestExecutorOfACommandTask(t *testing.T) {
	// covers: SlaveTest.GetExecutorInfo
	task := commandTask("t1", &mesospb.CommandInfo{
		Shell:     new(false),
		Value:     new("/bin/echo"),
		Arguments: []string{"/bin/echo", "--author"},
		User:      new("bob"),
		Uris:      []*mesospb.CommandInfo_URI{{Value: new("file:///x")}},
	})
	task.Labels = &mesospb.Labels{Labels: []*mesospb.Label{{Key: new("k")}}}
	task.Discovery = &mesospb.DiscoveryInfo{Name: new("d")}
	task.KillPolicy = killPolicy(arguments{"grace": "10"})
	task.Resources = storyResources(1, 1)
	e := commandExecutor(task)
	for what, ok := range map[string]bool{
		"id":           e.GetExecutorId().GetValue() == "t1",
		"source":       e.GetSource() == "t1",
		"no arguments": len(e.GetCommand().GetArguments()) == 0,
		"no shell":     !e.GetCommand().GetShell(),
		"user":         e.GetCommand().GetUser() == "bob",
		"uris":         len(e.GetCommand().GetUris()) == 1,
		"labels":       len(e.GetLabels().GetLabels()) == 1,
		"discovery":    e.GetDiscovery().GetName() == "d",
		"grace period": e.GetShutdownGracePeriod().GetNanoseconds() > 10e9,
		"resources":    resourcesText(e.GetResources()) == "cpus(allocated: dev):0.1; mem(allocated: dev):32",
	} {
		if !ok {
			t.Errorf("%s is wrong in %v", what, e)
		}
	}
}

func TestExecutorOfACommandTaskHasItsContainer(t *testing.T) {
	// covers: SlaveTest.GetExecutorInfoForTaskWithContainer
	task := commandTask("t1", &mesospb.CommandInfo{Value: new("true")})
	task.Container = &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum(), Hostname: new("h")}
	if got := commandExecutor(task).GetContainer().GetHostname(); got != "h" {
		t.Errorf("container's hostname is %q", got)
	}
}

func TestNameOfACommandExecutor(t *testing.T) {
	for want, c := range map[string]*mesospb.CommandInfo{
		"(Command: sh -c 'sleep 1000')":               {Value: new("sleep 1000")},
		"(Command: sh -c '123456789012345')":          {Value: new("123456789012345")},
		"(Command: sh -c '123456789012...')":          {Value: new("1234567890123456")},
		"(Command: NO COMMAND)":                       {},
		"(Command: NO EXECUTABLE)":                    {Shell: new(false)},
		"(Command: [/bin/echo, x])":                   {Shell: new(false), Value: new("/bin/echo"), Arguments: []string{"x"}},
		"(Command: [/bin/echo, a...])":                {Shell: new(false), Value: new("/bin/echo"), Arguments: []string{"abc", "d"}},
		"(Command: sh -c '" + "1234567890é" + "...')": {Value: new("1234567890éééé")},
		"(Command: sh -c '" + "12345678901" + "...')": {Value: new("12345678901éééé")},
	} {
		got := commandExecutor(commandTask("t", c)).GetName()
		if got != "Command Executor (Task: t) "+want {
			t.Errorf("got %q, want it to end in %q", got, want)
		}
		if !utf8.ValidString(got) {
			t.Errorf("%q is not UTF-8", got)
		}
	}
}

func TestExecutorEnvironmentIsThatOfTheFlagAndMesos(t *testing.T) {
	// covers: SlaveTest.ExecutorEnvironmentVariables
	s := scene(t)
	s.show["launches"] = true
	got := s.do("run task=t executor=E checkpoint")
	s.contains(got, "MESOS_CHECKPOINT=1", "MESOS_RECOVERY_TIMEOUT=15mins", "MESOS_SUBSCRIPTION_BACKOFF_MAX=2secs", "PATH=/bin")
	if strings.Count(got, "MESOS_CHECKPOINT") != 1 {
		t.Errorf("a variable of Mesos's is there twice:\n%s", got)
	}
}

func TestContainerRunsAsTheUserThatTheTaskNames(t *testing.T) {
	s := scene(t)
	s.contains(s.do("run task=a user=alice"), "as alice")
	s.contains(s.do("run task=b user=alice as=bob"), "as bob")
	s.agent.config.SwitchUser = false
	s.contains(s.do("run task=c user=alice as=bob"), "as  with") // the agent's own
}
