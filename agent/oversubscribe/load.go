package oversubscribe

import (
	"context"
	"fmt"

	"github.com/mesosctl/mesosctl/agent/modules"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/convert"
)

// Load is how many processes wanted to run on the machine, on average over the
// last 5 and 15 minutes.
type Load struct{ Five, Fifteen float64 }

// loadController kills all that use revocable resources while the machine's load
// is above a threshold.
type loadController struct {
	read          func() (Load, error)
	five, fifteen float64 // thresholds; negative means none
}

// newLoad has two parameters, of which one must be given: load_threshold_5min
// and load_threshold_15min.
func newLoad(p modules.Parameters, read func() (Load, error)) (Controller, error) {
	if err := p.Only("load_threshold_5min", "load_threshold_15min"); err != nil {
		return nil, err
	}
	if len(p) == 0 {
		return nil, mesos.Errorf(mesos.Invalid, "parameters load_threshold_5min and load_threshold_15min: one of them must say above which load to kill")
	}
	c := loadController{read: read}
	var err error
	if c.five, err = p.Number("load_threshold_5min", -1); err != nil {
		return nil, err
	}
	if c.fifteen, err = p.Number("load_threshold_15min", -1); err != nil {
		return nil, err
	}
	return c, nil
}

// Correct measures nothing unless the load is too high.
func (c loadController) Correct(ctx context.Context, usage Usage) ([]Correction, error) {
	load, err := c.read()
	if err != nil {
		return nil, err
	}
	var why string
	switch {
	case c.five >= 0 && load.Five > c.five:
		why = fmt.Sprintf("the load of the last 5 minutes, %.2f, is above %v", load.Five, c.five)
	case c.fifteen >= 0 && load.Fifteen > c.fifteen:
		why = fmt.Sprintf("the load of the last 15 minutes, %.2f, is above %v", load.Fifteen, c.fifteen)
	default:
		return nil, nil
	}
	measured, err := usage(ctx)
	if err != nil {
		return nil, err
	}
	var list []Correction
	for _, e := range measured.GetExecutors() {
		given, err := convert.Resources(e.GetAllocated())
		if err != nil || given.Revocable().IsEmpty() {
			continue
		}
		list = append(list, Correction{
			Framework: mesos.FrameworkID(e.GetExecutorInfo().GetFrameworkId().GetValue()),
			Executor:  mesos.ExecutorID(e.GetExecutorInfo().GetExecutorId().GetValue()),
			Container: mesos.ContainerID(e.GetContainerId().GetValue()),
			Why:       why,
		})
	}
	return list, nil
}
