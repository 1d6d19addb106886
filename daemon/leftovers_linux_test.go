package daemon

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// runMany runs tasks to their end, as many at once as are offered room for.
func (s *testScheduler) runMany(prefix string, tasks int, command string) {
	s.t.Helper()
	each := resources.MustParse("cpus:0.1;mem:32")
	for launched, ended := 0, 0; ended < tasks; {
		switch event := s.event("tasks"); event.GetType() {
		case schedulerpb.Event_OFFERS:
			for _, offer := range event.GetOffers().GetOffers() {
				var infos []*mesospb.TaskInfo
				left, err := convert.Resources(offer.GetResources())
				if err != nil {
					s.t.Fatal(err)
				}
				for left = left.Unallocate(); launched < tasks && left.Contains(each); launched++ {
					left = left.Sub(each)
					id := fmt.Sprintf("%s%d", prefix, launched)
					infos = append(infos, &mesospb.TaskInfo{
						Name: &id, TaskId: &mesospb.TaskID{Value: &id}, AgentId: offer.GetAgentId(),
						Command: &mesospb.CommandInfo{Value: &command}, Resources: convert.ToWire(each),
					})
				}
				s.call(&schedulerpb.Call{Type: schedulerpb.Call_ACCEPT.Enum(), Accept: &schedulerpb.Call_Accept{
					OfferIds: []*mesospb.OfferID{offer.GetId()}, Filters: &mesospb.Filters{RefuseSeconds: proto.Float64(0)},
					Operations: []*mesospb.Offer_Operation{{
						Type: mesospb.Offer_Operation_LAUNCH.Enum(), Launch: &mesospb.Offer_Operation_Launch{TaskInfos: infos},
					}},
				}})
			}
		case schedulerpb.Event_UPDATE:
			status := event.GetUpdate().GetStatus()
			if status.Uuid != nil {
				s.acknowledge(status)
			}
			if !mesos.TaskState(status.GetState()).Terminal() {
				continue
			}
			if ended++; status.GetState() != mesospb.TaskState_TASK_FINISHED {
				s.t.Fatalf("a task ended: %v", status)
			}
		}
	}
}

// census counts what a task could leave, by what it is.
type census map[string]int

// count takes stock of this process, its supervisors, and the cgroups of an agent.
func count(t *testing.T, root string) census {
	t.Helper()
	c := census{}
	var stacks bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&stacks, 2); err != nil {
		t.Fatal(err)
	}
	for stack := range strings.SplitSeq(stacks.String(), "\n\n") {
		for _, part := range []string{"mesosctl/agent/", "daemon.(*Agent)", "daemon.(*executors)", "agent.(*"} {
			if strings.Contains(stack, part) {
				c["goroutines"]++
				break
			}
		}
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	c["mounts"] = strings.Count(string(mounts), os.TempDir()+"/"+t.Name())
	c["mounted namespaces"] = strings.Count(string(mounts), " - nsfs ")
	for _, dir := range []string{"/sys/fs/cgroup/*/" + root + "/*", "/sys/fs/cgroup/" + root + "/*"} {
		all, _ := filepath.Glob(dir)
		for _, path := range all {
			if info, err := os.Stat(path); err == nil && info.IsDir() {
				c["cgroups"]++
			}
		}
	}
	c.family(os.Getpid())
	return c
}

// family counts the open files of a process that are no sockets, and its descendants
// with their namespaces.
func (c census) family(pid int) {
	proc := fmt.Sprintf("/proc/%d/", pid)
	files, _ := filepath.Glob(proc + "fd/*")
	for _, fd := range files {
		switch to, _ := os.Readlink(fd); {
		case strings.HasPrefix(to, "socket:"), strings.HasPrefix(to, "anon_inode:"), to == "":
		case strings.Contains(to, ":["):
			kind, _, _ := strings.Cut(to, ":")
			c["open "+kind]++ // a pipe, or a namespace
		default:
			c["open files"]++
		}
	}
	namespaces, _ := filepath.Glob(proc + "ns/*")
	for _, ns := range namespaces {
		theirs, _ := os.Readlink(ns)
		if ours, _ := os.Readlink("/proc/self/ns/" + filepath.Base(ns)); theirs != "" && theirs != ours {
			c["namespaces"]++
		}
	}
	lists, _ := filepath.Glob(proc + "task/*/children")
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for field := range strings.FieldsSeq(string(text)) {
			var child int
			fmt.Sscan(field, &child)
			c["processes"]++
			c.family(child)
		}
	}
}

// Nothing is left of a thousand tasks: no process, mount, cgroup, namespace, open file or
// goroutine of the agent's.
func TestNothingIsLeftOfAThousandTasks(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	root := fmt.Sprintf("mesosctl-thousand-%d", os.Getpid())
	l := isolated(t, func(cfg *AgentConfig) {
		cfg.Resources, cfg.Cgroups.Root = "cpus:5;mem:2048;disk:512", root
	}, "cgroups/cpu", "cgroups/mem", "cgroups/pids", "namespaces/pid", "namespaces/ipc", "filesystem/linux")
	t.Cleanup(func() { // after the agent has ended
		dirs, _ := filepath.Glob("/sys/fs/cgroup/*/" + root)
		for _, dir := range append(dirs, "/sys/fs/cgroup/"+root) {
			if err := os.Remove(dir); err != nil && !os.IsNotExist(err) {
				t.Error(err)
			}
		}
	})
	s := subscribe(t, l.Master())
	const command = "(setsid sleep 1000 &); (sleep 1000 | cat &); true"
	s.runMany("first-", 60, command) // what is made once
	var before, after census
	settled := func() bool {
		before, after = after, count(t, root)
		return maps.Equal(before, after)
	}
	eventually(t, "what the first tasks left settles", settled)
	was := after
	s.runMany("task-", 1000, command)
	deadline := time.Now().Add(time.Minute)
	for after = count(t, root); more(after, was) != "" && time.Now().Before(deadline); after = count(t, root) {
		time.Sleep(10 * time.Millisecond)
	}
	if left := more(after, was); left != "" {
		t.Errorf("left: %s", left)
		_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 1) // for whoever has to find it
	}
	t.Logf("after %v, before %v", after, was)
}

// more is what there is more of.
func more(now, before census) string {
	var list []string
	for kind, n := range now {
		if n > before[kind] {
			list = append(list, fmt.Sprintf("%d %s, %d before", n, kind, before[kind]))
		}
	}
	return strings.Join(list, "; ")
}
