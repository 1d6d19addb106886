package kill

import (
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/mesosctl/mesosctl/kinds/taskref"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// how is the state of a task, and whether it is over: one that the master has
// forgotten is.
func how(all *masterpb.Response_GetTasks, task *taskref.Task) (state string, over bool) {
	is := func(t *mesospb.Task) bool {
		return t.GetTaskId().GetValue() == task.ID() && t.GetFrameworkId().GetValue() == task.GetFrameworkId().GetValue()
	}
	for _, list := range [][]*mesospb.Task{all.GetTasks(), all.GetUnreachableTasks(), all.GetCompletedTasks()} {
		if at := slices.IndexFunc(list, is); at >= 0 {
			s := list[at].GetState()
			return s.String(), mesos.TaskState(s).Terminal()
		}
	}
	return "gone", true
}

// The signals by the names that kill(1) has for them, as Linux, where tasks run,
// numbers them.
var signals = map[string]syscall.Signal{
	"HUP": 1, "INT": 2, "QUIT": 3, "ABRT": 6, "KILL": 9, "USR1": 10, "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14,
	"TERM": 15, "CHLD": 17, "CONT": 18, "STOP": 19, "TSTP": 20, "TTIN": 21, "TTOU": 22, "URG": 23, "WINCH": 28,
}

func parseSignal(text string) (syscall.Signal, error) {
	const most = 64
	if text == "" {
		return 0, nil
	}
	if n, err := strconv.Atoi(text); err == nil && n > 0 && n <= most {
		return syscall.Signal(n), nil
	}
	if signal, ok := signals[strings.TrimPrefix(strings.ToUpper(text), "SIG")]; ok {
		return signal, nil
	}
	return 0, mesos.Errorf(mesos.Invalid, "there is no signal %q; say a number from 1 to %d, or a name such as HUP", text, most)
}
