//go:build linux

package fire

import (
	"context"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

var endurance = flag.Duration("fire.for", 0, "go on with random faults for this long")

func TestFire(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	c := newCluster(t)
	if err := os.Mkdir(filepath.Join(c.dir, "marks"), 0o777); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	books := &ledger{t: t, claims: map[string]claim{}}
	var frameworks []*framework
	var running sync.WaitGroup
	for _, name := range []string{"F0", "F1"} {
		f := &framework{t: t, name: name, cluster: c, ledger: books, long: 5, offers: map[string]bool{}, tasks: map[string]*task{}}
		frameworks = append(frameworks, f)
		running.Go(func() { f.run(ctx) })
	}
	defer running.Wait()
	defer cancel()
	s := &siege{cluster: c, t: t, frameworks: frameworks}
	s.works("all is up")

	s.killLeader()
	s.stopLeader(8 * time.Second)
	s.cutLeader(4 * time.Second)
	s.killAgent()
	s.killStandby()
	for began := time.Now(); time.Since(began) < *endurance; {
		s.anything()
	}
	s.checkTasks()
	for _, f := range frameworks {
		f.mu.Lock()
		f.stopping = true
		t.Logf("%s: %d tasks launched, %d updates came twice", f.name, f.launched, f.duplicates)
		f.mu.Unlock()
	}
	t.Logf("%d offers checked", books.offers)
}

// siege makes things go wrong, and sees that the cluster works afterwards.
type siege struct {
	*cluster
	t          *testing.T
	frameworks []*framework
}

// works waits until each framework has all its tasks, and short ones come and go.
func (s *siege) works(what string) {
	s.t.Helper()
	before := make([]int, len(s.frameworks))
	for i, f := range s.frameworks {
		before[i] = f.done()
	}
	eventually(s.t, 45*time.Second, what+": tasks run and come and go", func() bool {
		for i, f := range s.frameworks {
			if f.running() < f.long || f.done() < before[i]+2 {
				return false
			}
		}
		return true
	})
}

// leading waits for a leader and returns it.
func (s *siege) leading() *process {
	at := -1
	eventually(s.t, 30*time.Second, "a master leads", func() bool {
		at = s.leader()
		return at >= 0
	})
	return s.masters[at]
}

func (s *siege) killLeader() {
	old := s.leading()
	s.t.Logf("kill -9 of %s, which leads", old.name)
	old.kill()
	s.succeeded(old)
	s.works("another leads")
	old.start()
}

// succeeded waits until another master leads.
func (s *siege) succeeded(old *process) {
	eventually(s.t, 30*time.Second, "another leads than "+old.name, func() bool {
		at := s.leader()
		return at >= 0 && s.masters[at] != old
	})
}

func (s *siege) stopLeader(d time.Duration) {
	old := s.leading()
	s.t.Logf("%s, which leads, stands still for %v", old.name, d)
	old.signal(syscall.SIGSTOP)
	time.AfterFunc(d, func() { old.signal(syscall.SIGCONT) })
	s.succeeded(old)
	s.works("another leads")
	time.Sleep(time.Second) // for what the old one has to say
}

func (s *siege) cutLeader(d time.Duration) {
	if !s.canCut {
		return
	}
	old := s.leading()
	s.t.Logf("%s, which leads, is cut off for %v", old.name, d)
	old.place.cut(s.t, true)
	s.succeeded(old)
	s.works("another leads")
	old.place.cut(s.t, false)
}

func (s *siege) killStandby() {
	leader := s.leading()
	for _, m := range s.masters {
		if m != leader {
			s.t.Logf("kill -9 of %s, which stands by", m.name)
			m.kill()
			s.works("two masters are left")
			m.start()
			return
		}
	}
}

func (s *siege) killAgent() {
	a := s.agents[rand.IntN(len(s.agents))]
	s.t.Logf("kill -9 of %s", a.name)
	a.kill()
	a.start()
	s.works("the agent is back")
}

// anything makes one thing go wrong by chance.
func (s *siege) anything() {
	d := time.Duration(1+rand.IntN(10)) * time.Second
	switch rand.IntN(7) {
	case 0:
		s.killLeader()
	case 1:
		s.stopLeader(d + 3*time.Second)
	case 2:
		s.cutLeader(d)
	case 3:
		s.killStandby()
	case 4:
		s.killAgent()
	case 5:
		a := s.agents[rand.IntN(len(s.agents))]
		s.t.Logf("%s stands still for %v", a.name, d)
		a.signal(syscall.SIGSTOP)
		time.AfterFunc(d, func() { a.signal(syscall.SIGCONT) })
		s.works("an agent stood still")
	case 6: // the quorum is gone for a while
		s.t.Logf("two masters stand still for %v", d)
		for _, m := range s.masters[:2] {
			m.signal(syscall.SIGSTOP)
			time.AfterFunc(d, func() { m.signal(syscall.SIGCONT) })
		}
		time.Sleep(d)
		s.works("a majority is back")
	}
	s.checkTasks()
}

// checkTasks: each task that is to run for good was begun once, and its process is
// there.
func (s *siege) checkTasks() {
	s.t.Helper()
	for _, f := range s.frameworks {
		f.mu.Lock()
		for _, k := range f.tasks {
			if !k.long || k.state != mesospb.TaskState_TASK_RUNNING {
				continue
			}
			data, err := os.ReadFile(f.marks(k.id))
			begun := strings.Fields(string(data))
			if err != nil || len(begun) != 1 {
				s.t.Errorf("task %s began %d times: %v", k.id, len(begun), err)
				continue
			}
			pid, err := strconv.Atoi(begun[0])
			if err == nil {
				err = syscall.Kill(pid, 0)
			}
			if err != nil {
				s.t.Errorf("the process of task %s: %v", k.id, err)
			}
		}
		f.mu.Unlock()
	}
}
