package convert_test

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// The users that tasks and executors run as, and what ACLs say about them.
// https://mesos.apache.org/documentation/latest/authorization/

func framework(user string) *mesospb.FrameworkInfo { return &mesospb.FrameworkInfo{User: &user} }

func command(user string) *mesospb.CommandInfo {
	if user == "" {
		return new(mesospb.CommandInfo)
	}
	return &mesospb.CommandInfo{User: &user}
}

func executor(user string) *mesospb.ExecutorInfo {
	return &mesospb.ExecutorInfo{Command: command(user)}
}

// asUser is every way in which a task comes to run as a user.
func asUser(user string) map[string]func(*acl.ACLs, string) bool {
	may := func(task *mesospb.TaskInfo, framework *mesospb.FrameworkInfo) func(*acl.ACLs, string) bool {
		return func(a *acl.ACLs, who string) bool {
			return a.Allows(who, acl.RunTask, convert.UserOfTaskInfo(task, framework))
		}
	}
	return map[string]func(*acl.ACLs, string) bool{
		"its command":           may(&mesospb.TaskInfo{Command: command(user), Executor: executor("x")}, framework("y")),
		"its executor":          may(&mesospb.TaskInfo{Executor: executor(user)}, framework("y")),
		"its framework":         may(&mesospb.TaskInfo{Executor: executor("")}, framework(user)),
		"its framework, simply": may(&mesospb.TaskInfo{Command: command("")}, framework(user)),
	}
}

func lists(t *testing.T, format string, args ...any) *acl.ACLs {
	t.Helper()
	a, err := acl.Parse(fmt.Appendf(nil, format, args...))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

const (
	anyone = `{"type": "ANY"}`
	noOne  = `{"type": "NONE"}`
)

func these(names ...string) string {
	text := ""
	for i, name := range names {
		if i > 0 {
			text += ", "
		}
		text += `"` + name + `"`
	}
	return `{"values": [` + text + `]}`
}

func runTasks(t *testing.T, permissive bool, rules ...string) *acl.ACLs {
	t.Helper()
	text := ""
	for i := 0; i < len(rules); i += 2 {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf(`{"principals": %s, "users": %s}`, rules[i], rules[i+1])
	}
	return lists(t, `{"permissive": %v, "run_tasks": [%s]}`, permissive, text)
}

func TestUsersOfTasks(t *testing.T) {
	type question struct {
		who, user string
		want      bool
	}
	for name, test := range map[string]struct {
		lists *acl.ACLs
		ask   []question
	}{
		// covers: AuthorizationTest.AnyPrincipalRunAsUser
		"anybody may run as guest": {
			runTasks(t, true, anyone, these("guest")),
			[]question{{"ann", "guest", true}, {"bob", "guest", true}, {"ann", "root", true}},
		},
		// covers: AuthorizationTest.NoPrincipalRunAsUser
		"nobody may run as root": {
			runTasks(t, true, noOne, these("root")),
			[]question{{"ann", "root", false}, {"", "root", false}, {"ann", "guest", true}},
		},
		// covers: AuthorizationTest.PrincipalRunAsAnyUser
		"ann may run as anybody": {
			runTasks(t, false, these("ann"), anyone),
			[]question{{"ann", "u1", true}, {"ann", "u2", true}, {"bob", "u1", false}},
		},
		// covers: AuthorizationTest.AnyPrincipalRunAsAnyUser
		"anybody may run as anybody": {
			runTasks(t, false, anyone, anyone),
			[]question{{"ann", "u1", true}, {"ann", "u2", true}, {"bob", "u1", true}, {"", "u1", true}},
		},
		// covers: AuthorizationTest.OnlySomePrincipalsRunAsSomeUsers
		"only ann and bob may run as u1 and u2": {
			runTasks(t, true, these("ann", "bob"), these("u1", "u2"), noOne, these("u1", "u2")),
			[]question{{"ann", "u1", true}, {"ann", "u2", true}, {"bob", "u1", true}, {"bob", "u2", true}, {"eve", "u1", false}, {"eve", "u2", false}},
		},
		// covers: AuthorizationTest.SomePrincipalOnlySomeUser
		"ann may run as u1 only": {
			runTasks(t, true, these("ann"), these("u1"), these("ann"), noOne),
			[]question{{"ann", "u1", true}, {"ann", "u2", false}, {"bob", "u1", true}, {"bob", "u2", true}},
		},
		// covers: AuthorizationTest.PrincipalRunAsSomeUserRestrictive
		"ann may run as u1, and nobody else as anybody": {
			runTasks(t, false, these("ann"), these("u1")),
			[]question{{"ann", "u1", true}, {"ann", "u2", false}, {"bob", "u2", false}, {"bob", "u1", false}},
		},
	} {
		for _, q := range test.ask {
			for by, may := range asUser(q.user) {
				if got := may(test.lists, q.who); got != q.want {
					t.Errorf("%s: %s as %s by %s is %v", name, q.who, q.user, by, got)
				}
			}
		}
	}
}

// Users of what runs already, as its framework, its executor or itself says.
func TestUsersOfWhatRuns(t *testing.T) {
	task := func(user string) *mesospb.Task {
		if user == "" {
			return new(mesospb.Task)
		}
		return &mesospb.Task{User: proto.String(user)}
	}
	ofExecutor := map[string]func(user string) string{
		"its own":      func(user string) string { return convert.UserOfExecutor(executor(user), framework("x")) },
		"its parent's": func(user string) string { return convert.UserOfExecutor(executor(""), framework(user)) },
		"no command's": func(user string) string { return convert.UserOfExecutor(nil, framework(user)) },
	}
	ofTask := map[string]func(user string) string{
		"its own":         func(user string) string { return convert.UserOfTask(task(user), framework("x")) },
		"its framework's": func(user string) string { return convert.UserOfTask(task(""), framework(user)) },
		"before it runs": func(user string) string {
			return convert.UserOfTaskInfo(&mesospb.TaskInfo{Command: command(user)}, framework("x"))
		},
		"of its framework": func(user string) string { return convert.UserOfTaskInfo(&mesospb.TaskInfo{}, framework(user)) },
	}
	ofFramework := map[string]func(user string) string{"its own": func(user string) string { return framework(user).GetUser() }}
	for action, ways := range map[acl.Action]map[string]func(user string) string{
		// covers: AuthorizationTest.ViewFramework
		acl.ViewFramework: ofFramework,
		// covers: AuthorizationTest.ViewTask
		acl.ViewTask: ofTask,
		// covers: AuthorizationTest.ViewExecutor
		acl.ViewExecutor: ofExecutor,
		// covers: AuthorizationTest.ViewContainer
		acl.ViewContainer: ofExecutor,
		// covers: AuthorizationTest.SandBoxAccess
		acl.AccessSandbox: ofExecutor,
		// covers: AuthorizationTest.AttachContainerInput
		acl.AttachContainerInput: ofExecutor,
		// covers: AuthorizationTest.AttachContainerOutput
		acl.AttachContainerOutput: ofExecutor,
		// covers: AuthorizationTest.WaitNestedContainer
		acl.WaitNestedContainer: ofExecutor,
		// covers: AuthorizationTest.KillNestedContainer
		acl.KillNestedContainer: ofExecutor,
		// covers: AuthorizationTest.RemoveNestedContainer
		acl.RemoveNestedContainer: ofExecutor,
	} {
		a := lists(t, `{%q: [{"principals": {"values": ["nothing"]}, "users": {"type": "NONE"}},
			{"principals": {"values": ["some"]}, "users": {"values": ["bar"]}},
			{"principals": {"values": ["ops"]}, "users": {"type": "ANY"}},
			{"principals": {"type": "ANY"}, "users": {"type": "NONE"}}]}`, action)
		for way, user := range ways {
			for _, q := range []struct {
				who, user string
				want      bool
			}{
				{"nothing", "user", false}, {"nothing", "bar", false}, {"some", "user", false}, {"some", "bar", true},
				{"ops", "user", true}, {"ops", "bar", true}, {"eve", "bar", false}, {"", "bar", false},
			} {
				if got := a.Allows(q.who, action, user(q.user)); got != q.want {
					t.Errorf("%s: %s and user %s of %s: %v", action, q.who, q.user, way, got)
				}
			}
		}
	}
}
