package container_test

import (
	"context"
	"slices"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
)

// patient is an isolator that prepares when it is told to, or until it must not.
type patient struct {
	container.Passive
	preparing, proceed chan struct{}
}

func newPatient() *patient {
	return &patient{container.Passive{Named: "test/patient"}, make(chan struct{}), make(chan struct{})}
}

func (p *patient) Prepare(ctx context.Context, _ *container.Plan) error {
	close(p.preparing)
	select {
	case <-p.proceed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestStepsThatAreUnderWayAreListed(t *testing.T) {
	// covers: SlaveTest.ROOT_ContainerizerDebugEndpoint
	// covers: FutureTrackerTest.ListPending
	// covers: FutureTrackerTest.ListReady
	// covers: FutureTrackerTest.ListAfterCancellation
	for name, end := range map[string]func(*container.Local, *patient, container.Spec){
		"done": func(_ *container.Local, p *patient, _ container.Spec) { close(p.proceed) },
		"given up": func(l *container.Local, _ *patient, spec container.Spec) {
			_ = l.Destroy(context.Background(), spec.ID) // its launch tells
		},
	} {
		t.Run(name, func(t *testing.T) {
			isolator := newPatient()
			l := containertest.New(t, container.Config{Isolators: []container.Isolator{isolator}})
			if got := l.Pending(); len(got) > 0 {
				t.Errorf("pending before anything began: %v", got)
			}
			spec := containertest.Spec(t, containertest.Shell("exit 0"))
			launched := make(chan error, 1)
			go func() {
				_, err := l.Launch(context.Background(), spec)
				launched <- err
			}()
			<-isolator.preparing
			if got, want := l.Pending(), []container.Pending{{Operation: "test/patient::prepare", Container: spec.ID}}; !slices.Equal(got, want) {
				t.Errorf("pending: %v, want %v", got, want)
			}
			end(l, isolator, spec)
			if err := <-launched; (err == nil) != (name == "done") {
				t.Errorf("launch: %v", err)
			}
			containertest.Until(t, "nothing is pending", func() bool { return len(l.Pending()) == 0 })
		})
	}
}
