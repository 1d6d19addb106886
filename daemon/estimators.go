package daemon

import (
	"github.com/mesosctl/mesosctl/agent/machine"
	"github.com/mesosctl/mesosctl/agent/oversubscribe"
)

// CheckOversubscription returns nil if there are an estimator and a controller
// of those names and parameters, or an error of kind mesos.Invalid.
func (c *AgentConfig) CheckOversubscription() error {
	_, _, err := c.oversubscription()
	return err
}

func (c *AgentConfig) oversubscription() (oversubscribe.Estimator, oversubscribe.Controller, error) {
	modules, err := oversubscribe.ParseModules(c.Modules)
	if err != nil {
		return nil, nil, err
	}
	estimator, err := oversubscribe.NewEstimator(c.ResourceEstimator, modules)
	if err != nil {
		return nil, nil, err
	}
	if c.estimator != nil {
		estimator = c.estimator
	}
	controller, err := oversubscribe.NewController(c.QoSController, modules, func() (oversubscribe.Load, error) {
		five, fifteen, err := machine.Load()
		return oversubscribe.Load{Five: five, Fifteen: fifteen}, err
	})
	if c.controller != nil {
		controller = c.controller
	}
	return estimator, controller, err
}
