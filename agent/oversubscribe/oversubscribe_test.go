package oversubscribe

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/modules"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// executor is one that has spent so much processor time.
func executor(id string, given resources.Resources, spent float64) *mesospb.ResourceUsage_Executor {
	return &mesospb.ResourceUsage_Executor{
		ExecutorInfo: &mesospb.ExecutorInfo{ExecutorId: &mesospb.ExecutorID{Value: &id}, FrameworkId: &mesospb.FrameworkID{Value: new("framework")}},
		ContainerId:  &mesospb.ContainerID{Value: new("container-" + id)},
		Allocated:    convert.ToWire(given.Allocate("*")),
		Statistics:   &mesospb.ResourceStatistics{Timestamp: new(0.0), CpusUserTimeSecs: new(spent * 0.75), CpusSystemTimeSecs: new(spent * 0.25)},
	}
}

func using(executors ...*mesospb.ResourceUsage_Executor) Usage {
	return func(context.Context) (*mesospb.ResourceUsage, error) {
		return &mesospb.ResourceUsage{Executors: executors}, nil
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// https://mesos.apache.org/documentation/latest/oversubscription/
func TestFixedEstimator(t *testing.T) {
	for _, name := range []string{"fixed", mesosFixed} {
		e := must(NewEstimator(name, modules.Set{name: {"resources": "cpus(*):2;mem:64"}}))
		for _, usage := range []Usage{using(), using(executor("e", revocable(resources.MustParse("cpus:1")), 5))} {
			got := must(e.Estimate(t.Context(), start, usage))
			if !got.Equal(revocable(resources.MustParse("cpus:2;mem:64"))) {
				t.Errorf("%s gives away %v", name, got)
			}
		}
	}
}

func TestSlackIsWhatExecutorsLeaveUnused(t *testing.T) {
	e := must(NewEstimator("slack", modules.Set{"slack": {"keep": "0.25", "window": "1mins"}}))
	firm := resources.MustParse("cpus:4;mem:1024")
	estimate := func(after time.Duration, executors ...*mesospb.ResourceUsage_Executor) float64 {
		t.Helper()
		got := must(e.Estimate(t.Context(), start.Add(after), using(executors...)))
		if !got.NonRevocable().IsEmpty() || !got.Filter(func(r resources.Resource) bool { return r.Name != "cpus" }).IsEmpty() {
			t.Errorf("it gives away %v", got)
		}
		return got.Cpus().Float()
	}
	busy := revocable(resources.MustParse("cpus:2"))
	for _, step := range []struct {
		after      time.Duration
		spent, own float64 // of the executor, and of one that is revocable
		want       float64
	}{
		{0, 100, 0, 0},                    // measured once
		{10 * time.Second, 110, 20, 2},    // 3 that may be given away, 1 used
		{20 * time.Second, 135, 40, 0.5},  // 2.5 used
		{30 * time.Second, 135, 60, 0.5},  // idle, but it was busy of late
		{79 * time.Second, 135, 60, 0.5},  // 59 seconds later
		{81 * time.Second, 135, 60, 3},    // and now it is forgotten
		{91 * time.Second, 100, 0, 3},     // some of its processes are gone
		{101 * time.Second, 1000, 100, 0}, // more than it was given
	} {
		if got := estimate(step.after, executor("e", firm, step.spent), executor("r", busy, step.own)); got != step.want {
			t.Errorf("after %v it gives away %v, want %v", step.after, got, step.want)
		}
	}
	if got := estimate(200 * time.Second); got != 0 {
		t.Errorf("of nobody it gives away %v", got)
	}
	if n := len(e.(*slack).past); n != 0 {
		t.Errorf("it remembers %d containers that are gone", n)
	}
	failed := errors.New("no")
	if _, err := e.Estimate(t.Context(), start, func(context.Context) (*mesospb.ResourceUsage, error) { return nil, failed }); !errors.Is(err, failed) {
		t.Errorf("not measured: %v", err)
	}
}

func TestLoadController(t *testing.T) {
	// covers: OversubscriptionTest.LoadQoSController
	load, failed := Load{Five: 6.8, Fifteen: 5.8}, error(nil)
	measured := 0
	usage := func(ctx context.Context) (*mesospb.ResourceUsage, error) {
		measured++
		mixed := func(cpus, mem string) resources.Resources {
			return revocable(resources.MustParse("cpus:" + cpus)).Add(resources.MustParse("mem:" + mem))
		}
		return using(executor("executor1", mixed("1", "128"), 0), executor("firm", resources.MustParse("cpus:1"), 0),
			executor("executor2", mixed("7", "256"), 0))(ctx)
	}
	for _, name := range []string{"load", mesosLoad} {
		set := modules.Set{name: {"load_threshold_5min": "7", "load_threshold_15min": "6"}}
		c := must(NewController(name, set, func() (Load, error) { return load, failed }))
		for _, step := range []struct {
			load Load
			want string
		}{
			{Load{6.8, 5.8}, ""}, {Load{7.2, 5.8}, "executor1 executor2"}, {Load{7, 6}, ""}, {Load{1, 6.1}, "executor1 executor2"},
		} {
			load, measured = step.load, 0
			var killed []string
			for _, k := range must(c.Correct(t.Context(), usage)) {
				killed = append(killed, string(k.Executor))
				if k.Framework != "framework" || k.Container != "container-"+mesos.ContainerID(k.Executor) || !strings.Contains(k.Why, "is above") {
					t.Errorf("correction %+v", k)
				}
			}
			if got := strings.Join(killed, " "); got != step.want {
				t.Errorf("%s at a load of %v kills %q, want %q", name, step.load, got, step.want)
			}
			if (measured > 0) != (step.want != "") {
				t.Errorf("%s at a load of %v measured %d times", name, step.load, measured)
			}
		}
	}
	failed = errors.New("no load")
	c := must(NewController("load", modules.Set{"load": {"load_threshold_5min": "7"}}, func() (Load, error) { return load, failed }))
	if _, err := c.Correct(t.Context(), usage); !errors.Is(err, failed) {
		t.Errorf("no load: %v", err)
	}
}

func TestWrongNamesAndParameters(t *testing.T) {
	// covers: ModuleTest.UnknownModuleInstantiationTest
	// covers: ModuleTest.ModuleKindMismatch
	read := func() (Load, error) { return Load{}, nil }
	for want, err := range map[string]error{
		`resource estimator "other": there is none of that name`: second(NewEstimator("other", nil)),
		`resource estimator "load": there is none of that name`:  second(NewEstimator("load", modules.Set{"load": {"load_threshold_5min": "7"}})),
		"resource estimator fixed: parameter resources: missing": second(NewEstimator("fixed", nil)),
		`parameter "cpus": there is none of that name`:           second(NewEstimator("fixed", modules.Set{"fixed": {"cpus": "1"}})),
		"parameter resources:":                                   second(NewEstimator("fixed", modules.Set{"fixed": {"resources": "cpus:x"}})),
		`parameter keep: "-1" is not a number`:                   second(NewEstimator("slack", modules.Set{"slack": {"keep": "-1"}})),
		"parameter keep: 2 is more than all":                     second(NewEstimator("slack", modules.Set{"slack": {"keep": "2"}})),
		"parameter window:":                                      second(NewEstimator("slack", modules.Set{"slack": {"window": "long"}})),
		`QoS controller "other": there is none of that name`:     second(NewController("other", nil, read)),
		"one of them must say above which load to kill":          second(NewController("load", nil, read)),
		`parameter load_threshold_5min: "NaN" is not a number`:   second(NewController("load", modules.Set{"load": {"load_threshold_5min": "NaN"}}, read)),
	} {
		if err == nil || !strings.Contains(err.Error(), want) || mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	for _, name := range []string{"", "noop"} {
		e, err := NewEstimator(name, nil)
		c, errC := NewController(name, nil, read)
		if e != nil || err != nil || c != nil || errC != nil {
			t.Errorf("%q is %v, %v and %v, %v", name, e, err, c, errC)
		}
	}
}

func second[T any](_ T, err error) error { return err }
