// Package oversubscribe has the estimators, which say what an agent can give
// away although it is allocated, and the QoS controllers, which say who must go
// when it is needed after all. See
// https://mesos.apache.org/documentation/latest/oversubscription/.
package oversubscribe

import (
	"context"
	"time"

	"github.com/mesosctl/mesosctl/agent/modules"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Usage measures what runs on the agent now: every executor that has not ended,
// with what it was given and what it uses.
type Usage func(ctx context.Context) (*mesospb.ResourceUsage, error)

// An Estimator says what an agent can give away.
type Estimator interface {
	// Estimate is all that can be given away now, what is given away already
	// included: revocable resources. It is asked every
	// --oversubscribed_resources_interval.
	Estimate(ctx context.Context, now time.Time, usage Usage) (resources.Resources, error)
}

// A Controller says which executors must go.
type Controller interface {
	// Correct is the executors to kill now. It is asked every
	// --qos_correction_interval_min.
	Correct(ctx context.Context, usage Usage) ([]Correction, error)
}

// Correction is an executor to kill, and why.
type Correction struct {
	Framework mesos.FrameworkID
	Executor  mesos.ExecutorID
	Container mesos.ContainerID
	Why       string
}

// The names that Mesos's own modules have.
const (
	mesosFixed = "org_apache_mesos_FixedResourceEstimator"
	mesosLoad  = "org_apache_mesos_LoadQoSController"
)

// estimators are made of their parameters, by name.
var estimators = map[string]func(modules.Parameters) (Estimator, error){
	"fixed":    newFixed,
	mesosFixed: newFixed,
	"slack":    newSlack,
}

// NewEstimator is the estimator of a name: "" and "noop" are none (nil), "fixed"
// gives away what its parameter says, "slack" what it measures that executors
// leave unused. Errors are of kind mesos.Invalid.
func NewEstimator(name string, set modules.Set) (Estimator, error) {
	if name == "" || name == "noop" {
		return nil, nil
	}
	construct, known := estimators[name]
	if !known {
		return nil, mesos.Errorf(mesos.Invalid, "resource estimator %q: there is none of that name; there are noop, fixed and slack", name)
	}
	e, err := construct(set[name])
	if err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "resource estimator %s: %w", name, err)
	}
	return e, nil
}

// NewController is the QoS controller of a name: "" and "noop" are none (nil),
// "load" kills when the machine's load is too high. Load reads that load. Errors
// are of kind mesos.Invalid.
func NewController(name string, set modules.Set, load func() (Load, error)) (Controller, error) {
	switch name {
	case "", "noop":
		return nil, nil
	case "load", mesosLoad:
		c, err := newLoad(set[name], load)
		if err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "QoS controller %s: %w", name, err)
		}
		return c, nil
	}
	return nil, mesos.Errorf(mesos.Invalid, "QoS controller %q: there is none of that name; there are noop and load", name)
}

// ModuleNames are the names that --modules may have parameters for.
func ModuleNames() []string {
	names := []string{"load", mesosLoad}
	for name := range estimators {
		names = append(names, name)
	}
	return names
}
