package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// untruths is where what runs, what the leader says, and what schedulers believe
// differ. While things happen they may; left alone, they must come to agree.
func (c *cluster) untruths() []string {
	l := c.leading()
	if l == nil {
		return []string{"nobody leads"}
	}
	var why []string
	runs := map[string]bool{}
	for _, m := range c.machines {
		if m.core.dead {
			why = append(why, m.name+" does not run")
		}
		for _, id := range slices.Sorted(maps.Keys(m.containers)) {
			x := m.containers[id]
			for _, t := range x.tasks {
				key := x.launch.Framework.GetId().GetValue() + "/" + t.info.GetTaskId().GetValue()
				runs[key] = true
				if known := l.tasks[key]; known == nil {
					why = append(why, key+" runs on "+m.name+", and the master doesn't know")
				}
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(l.tasks)) {
		if t := l.tasks[key]; !runs[key] && !mesos.TaskState(t.GetState()).Terminal() {
			why = append(why, fmt.Sprintf("%s is %v, says the master, and doesn't run", key, t.GetState()))
		}
	}
	for _, s := range c.schedulers {
		if !s.ready || s.leader != l {
			why = append(why, s.name+" is not subscribed")
			continue
		}
		for _, t := range s.order {
			key := s.id + "/" + t.id
			switch {
			case runs[key] && (t.terminal() || t.state == mesospb.TaskState_TASK_UNREACHABLE || t.state == mesospb.TaskState_TASK_UNKNOWN):
				why = append(why, fmt.Sprintf("%s runs, and was told that it is %v", key, t.state))
			case !runs[key] && !t.terminal() && t.state != mesospb.TaskState_TASK_UNREACHABLE && t.state != mesospb.TaskState_TASK_UNKNOWN:
				why = append(why, fmt.Sprintf("%s was told that %s is %v, and it doesn't run", s.name, t.id, t.state))
			}
		}
	}
	return why
}

func (c *cluster) explainUntruths() {
	c.fail("not in agreement %v after the last fault: %s", settleTime, strings.Join(c.untruths(), "; "))
}
