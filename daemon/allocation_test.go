//go:build !windows

package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/allocator/firstfit"
	"github.com/mesosctl/mesosctl/allocator/remote"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// diary is what an allocating told.
type diary struct {
	mu      sync.Mutex
	entries []string
	begun   chan uint64
}

func newDiary() *diary { return &diary{begun: make(chan uint64, 16)} }

func (d *diary) events() allocatingEvents {
	return allocatingEvents{
		connected: func(session uint64) { d.begun <- session },
		decided: func(session uint64, outputs []allocation.Output) {
			d.mu.Lock()
			defer d.mu.Unlock()
			for _, out := range outputs {
				switch out := out.(type) {
				case allocation.OffersReady:
					for _, o := range out.Offers {
						d.entries = append(d.entries, fmt.Sprintf("%d: %s %s %s", session, out.Framework, o.Agent, o.Resources))
					}
				case allocation.Refused:
					d.entries = append(d.entries, fmt.Sprintf("%d: refused: %v", session, out.Err))
				}
			}
		},
	}
}

func (d *diary) want(t *testing.T, entries ...string) {
	t.Helper()
	eventually(t, fmt.Sprintf("the allocator tells %d things", len(entries)), func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.entries) >= len(entries)
	})
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.entries, entries) {
		t.Errorf("the allocator told %q, want %q", d.entries, entries)
	}
}

// recorder is a policy that notes after how many inputs it ticks.
type recorder struct {
	allocation.Policy
	mu     sync.Mutex
	inputs int
	ticks  []int
}

func (r *recorder) Step(now time.Time, in allocation.Input) []allocation.Output {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, tick := in.(allocation.Tick); tick {
		r.ticks = append(r.ticks, r.inputs)
	} else {
		r.inputs++
	}
	return r.Policy.Step(now, in)
}

// The suite that every allocating passes.
func TestAllocating(t *testing.T) {
	for name, build := range map[string]func(*testing.T, allocation.Policy, allocatingEvents) allocating{
		"in this process": func(_ *testing.T, policy allocation.Policy, events allocatingEvents) allocating {
			return newHere(policy, events)
		},
		"in another": func(t *testing.T, policy allocation.Policy, events allocatingEvents) allocating {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan error)
			go func() {
				done <- remote.Serve(ctx, listener, remote.ServerConfig{
					Policy: "test", Log: testLog(t), New: func(remote.Master) allocation.Policy { return policy },
				})
			}()
			t.Cleanup(func() {
				cancel()
				if err := <-done; !errors.Is(err, context.Canceled) {
					t.Errorf("serve: %v", err)
				}
			})
			return remote.NewClient(remote.ClientConfig{
				Address: listener.Addr().String(), Log: testLog(t), Master: remote.Master{ID: "M"},
				Connected: events.connected, Decided: events.decided,
			})
		},
	} {
		t.Run(name, func(t *testing.T) { testAllocating(t, build) })
	}
}

func testAllocating(t *testing.T, build func(*testing.T, allocation.Policy, allocatingEvents) allocating) {
	policy := &recorder{Policy: firstfit.New(firstfit.Config{Interval: time.Hour})}
	d := newDiary()
	a := build(t, policy, d.events())
	if a.Status().Connected {
		t.Error("it is connected before it runs")
	}
	framework := &allocation.Framework{ID: "F", Roles: []string{"*"}}
	a.Send(1, []allocation.Input{allocation.AddFramework{Framework: framework, Active: true}}) // to nobody
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- a.Run(ctx) }()
	session := <-d.begun
	if session != 1 || !a.Status().Connected {
		t.Errorf("session %d, %+v", session, a.Status())
	}

	// What is sent together is taken before anything is decided, however much it is.
	const agents = 20_000
	all := []allocation.Input{allocation.AddFramework{Framework: framework, Active: true}}
	for i := range agents {
		id := fmt.Sprintf("A%05d", i)
		all = append(all, allocation.AddAgent{Agent: &allocation.Agent{
			ID: mesos.AgentID(id), Hostname: id, Total: resources.MustParse("cpus:4;mem:1024;ports:[31000-32000]"),
		}})
	}
	whole := resources.MustParse("cpus:4;mem:1024;ports:[31000-32000]").Allocate("*")
	all = append(all, allocation.Recover{Grant: allocation.Grant{Framework: "F", Agent: "A00000", Resources: whole}})
	a.Send(session, all)
	clear(all) // the slice is the caller's again
	d.want(t, "1: refused: recover: agent A00000: framework F does not hold "+whole.String(), "1: F A00000 "+whole.String())
	policy.mu.Lock()
	if policy.inputs != agents+2 || slices.ContainsFunc(policy.ticks, func(n int) bool { return n != agents+2 }) {
		t.Errorf("%d inputs, ticks after %v", policy.inputs, policy.ticks)
	}
	policy.mu.Unlock()

	a.Send(session+1, []allocation.Input{allocation.RemoveFramework{ID: "F"}}) // of no session there is
	a.Send(session, []allocation.Input{allocation.Recover{Grant: allocation.Grant{Framework: "F", Agent: "A00000", Resources: whole}, Declined: true, Refuse: time.Hour}})
	d.want(t, "1: refused: recover: agent A00000: framework F does not hold "+whole.String(), "1: F A00000 "+whole.String(), "1: F A00001 "+whole.String())

	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("run: %v", err)
	}
	a.Send(session, []allocation.Input{allocation.RemoveFramework{ID: "F"}}) // to nobody any more
}
