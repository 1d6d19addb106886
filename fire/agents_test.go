//go:build linux

package fire

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// TestAgentsOnFire kills agents, their supervisors and what they run, while tasks
// come and go. Tasks may fail, but nothing is run twice, runs although it is said
// to be over, or is said to run and doesn't; and in the end nothing is left.
func TestAgentsOnFire(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	p := newPit(t)
	ctx, cancel := context.WithCancel(t.Context())
	books := &ledger{t: t, claims: map[string]claim{}}
	for _, name := range []string{"F0", "F1"} {
		p.frameworks = append(p.frameworks, &framework{t: t, name: name, cluster: p.cluster, ledger: books, long: 3, mortal: true,
			offers: map[string]bool{}, tasks: map[string]*task{}})
	}
	var running sync.WaitGroup
	for _, f := range p.frameworks {
		running.Go(func() { f.run(ctx) })
	}
	defer running.Wait()
	defer cancel()
	p.works("all is up")

	faults := []func(){p.killOneAgent, p.endAgent, p.killTask, p.killSupervisor, p.killBoth, p.killSuccession}
	for _, fault := range faults {
		fault()
		p.settles()
	}
	for began := time.Now(); time.Since(began) < *endurance; {
		for range 1 + rand.IntN(4) {
			faults[rand.IntN(len(faults))]()
			time.Sleep(time.Duration(rand.IntN(500)) * time.Millisecond)
		}
		p.settles()
	}
	p.leavesNothing()
}

// pit is a master and two agents.
type pit struct {
	siege
	root string // of the agents' cgroups
}

func newPit(t *testing.T) *pit {
	binary := build(t)
	c := &cluster{t: t, dir: t.TempDir()}
	p := &pit{siege: siege{cluster: c, t: t}, root: fmt.Sprintf("fire%d", os.Getpid())}
	if err := os.Mkdir(filepath.Join(c.dir, "marks"), 0o777); err != nil {
		t.Fatal(err)
	}
	port := 17050 + os.Getpid()%500*10 + 9
	here := place{ip: "127.0.0.1"}
	c.hosts = []string{fmt.Sprintf("%s:%d", here.ip, port)}
	c.masters = []*process{c.process("master", here, binary, "master", "--ip="+here.ip, fmt.Sprintf("--port=%d", port),
		"--agent_ping_timeout=2secs", "--max_agent_ping_timeouts=10")}
	for i := range 2 {
		args := []string{
			"--ip=" + here.ip, "--port=0", "--master=" + c.hosts[0], fmt.Sprintf("--hostname=agent%d", i),
			fmt.Sprintf("--resources=cpus:%d;mem:1024;disk:1024;ports:[31000-31100]", agentCPUs),
		}
		if os.Geteuid() == 0 {
			args = append(args, fmt.Sprintf("--cgroups_root=%s-%d", p.root, i))
		}
		c.agents = append(c.agents, c.process(fmt.Sprintf("agent%d", i), here, binary, append([]string{"agent"}, args...)...))
	}
	t.Cleanup(c.end)
	for _, daemon := range append(append([]*process{}, c.masters...), c.agents...) {
		daemon.start()
	}
	return p
}

func (p *pit) anyAgent() *process { return p.agents[rand.IntN(len(p.agents))] }

func (p *pit) killOneAgent() {
	a := p.anyAgent()
	p.t.Logf("kill -9 of %s", a.name)
	a.kill()
	a.start()
}

func (p *pit) endAgent() {
	a := p.anyAgent()
	p.t.Logf("%s is told to end", a.name)
	a.signal(syscall.SIGTERM)
	<-a.done
	a.start()
}

// killSuccession kills agents that have hardly begun.
func (p *pit) killSuccession() {
	a := p.anyAgent()
	p.t.Logf("kill -9 of %s, and of those that come after it", a.name)
	for range 4 {
		a.kill()
		a.start()
		time.Sleep(time.Duration(rand.IntN(150)) * time.Millisecond)
	}
}

func (p *pit) killTask() {
	for id, pids := range p.processes() {
		pid := pids[rand.IntN(len(pids))]
		p.t.Logf("kill -9 of process %d of task %s", pid, id)
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
		return
	}
}

func (p *pit) killSupervisor() {
	a := p.anyAgent()
	pid := p.supervisor(a)
	if pid == 0 {
		return
	}
	p.t.Logf("kill -9 of the supervisor of %s", a.name)
	_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
}

func (p *pit) killBoth() {
	a := p.anyAgent()
	pid := p.supervisor(a)
	p.t.Logf("kill -9 of %s and its supervisor", a.name)
	if pid != 0 {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
	}
	a.kill()
	a.start()
}

// supervisor is the process that writes the log of an agent's supervisor, or 0.
func (p *pit) supervisor(a *process) int {
	links, _ := filepath.Glob("/proc/[0-9]*/fd/2")
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && to == filepath.Join(p.dir, a.name, "supervisor", "supervisor.log") {
			pid, _ := strconv.Atoi(strings.Split(link, "/")[2])
			return pid
		}
	}
	return 0
}

// processes are those of each task that has any: what a task starts has its name.
func (p *pit) processes() map[string][]int {
	prefix := []byte(taskVariable + "=" + filepath.Join(p.dir, "marks") + "/")
	found := map[string][]int{}
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		environ, err := os.ReadFile(dir + "/environ")
		if err != nil {
			continue
		}
		for variable := range bytes.SplitSeq(environ, []byte{0}) {
			if id, ok := bytes.CutPrefix(variable, prefix); ok {
				pid, _ := strconv.Atoi(filepath.Base(dir))
				found[string(id)] = append(found[string(id)], pid)
			}
		}
	}
	return found
}

// settles waits until tasks come and go again, and what is said of them is so.
func (p *pit) settles() {
	p.t.Helper()
	p.works("tasks come and go again")
	p.agree()
}

// agree waits until the processes that there are, are those of tasks that run.
func (p *pit) agree() {
	p.t.Helper()
	wrong := ""
	began := time.Now()
	for time.Since(began) < 45*time.Second {
		wrong = ""
		processes := p.processes()
		for _, f := range p.frameworks {
			f.mu.Lock()
			for id, k := range f.tasks {
				begun, _ := os.ReadFile(f.marks(id))
				switch n := len(strings.Fields(string(begun))); {
				case n > 1:
					p.t.Errorf("task %s began %d times", id, n)
				case mesos.TaskState(k.state).Terminal() && len(processes[id]) > 0:
					wrong += fmt.Sprintf("task %s is %v, but has processes %v\n", id, k.state, processes[id])
				case k.long && k.state == mesospb.TaskState_TASK_RUNNING && (n == 0 || len(processes[id]) == 0):
					wrong += fmt.Sprintf("task %s is said to run, began %d times, and has processes %v\n", id, n, processes[id])
				}
				delete(processes, id)
			}
			f.mu.Unlock()
		}
		for id, pids := range processes {
			wrong += fmt.Sprintf("nobody knows of task %s, but it has processes %v\n", id, pids)
		}
		if wrong == "" {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	p.t.Errorf("what runs is not what is said to run:\n%s", wrong)
}

// leavesNothing ends the agents, and looks for anything of theirs.
func (p *pit) leavesNothing() {
	p.t.Helper()
	for _, f := range p.frameworks {
		f.mu.Lock()
		f.stopping = true
		p.t.Logf("%s: %d tasks launched, %d updates came twice", f.name, f.launched, f.duplicates)
		f.mu.Unlock()
	}
	for _, a := range p.agents {
		a.signal(syscall.SIGUSR1)
		<-a.done
	}
	eventually(p.t, 30*time.Second, "no process is left", func() bool { return len(p.processes()) == 0 })
	eventually(p.t, 30*time.Second, "no supervisor is left", func() bool {
		return p.supervisor(p.agents[0]) == 0 && p.supervisor(p.agents[1]) == 0
	})
	eventually(p.t, 10*time.Second, "no cgroup is left", func() bool {
		left, _ := filepath.Glob("/sys/fs/cgroup/*/" + p.root + "-*/*-*-*")
		unified, _ := filepath.Glob("/sys/fs/cgroup/" + p.root + "-*/*-*-*")
		return len(left)+len(unified) == 0
	})
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil || strings.Contains(string(mounts), p.dir) {
		p.t.Errorf("mounts are left: %v\n%s", err, mounts)
	}
	roots, _ := filepath.Glob("/sys/fs/cgroup/*/" + p.root + "-*")
	for _, root := range roots {
		_ = os.Remove(root) // the agents' own, which the next ones would use
	}
}
