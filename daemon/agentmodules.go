//go:build !windows

package daemon

import (
	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/logger"
	"github.com/mesosctl/mesosctl/agent/machine"
	"github.com/mesosctl/mesosctl/agent/modules"
	"github.com/mesosctl/mesosctl/agent/oversubscribe"
)

// CheckModules returns nil if there are an estimator, a controller and a logger
// of those names and parameters, or an error of kind mesos.Invalid.
func (c *AgentConfig) CheckModules() error {
	if _, _, err := c.oversubscription(); err != nil {
		return err
	}
	_, err := c.logger()
	return err
}

// moduleParameters are what --modules says.
func (c *AgentConfig) moduleParameters() (modules.Set, error) {
	return modules.Parse(c.Modules, append(oversubscribe.ModuleNames(), logger.Names()...))
}

// logger bounds the output of containers; nil if it is not bounded.
func (c *AgentConfig) logger() (container.Isolator, error) {
	set, err := c.moduleParameters()
	if err != nil {
		return nil, err
	}
	return logger.New(c.ContainerLogger, set)
}

func (c *AgentConfig) oversubscription() (oversubscribe.Estimator, oversubscribe.Controller, error) {
	set, err := c.moduleParameters()
	if err != nil {
		return nil, nil, err
	}
	estimator, err := oversubscribe.NewEstimator(c.ResourceEstimator, set)
	if err != nil {
		return nil, nil, err
	}
	if c.estimator != nil {
		estimator = c.estimator
	}
	controller, err := oversubscribe.NewController(c.QoSController, set, func() (oversubscribe.Load, error) {
		five, fifteen, err := machine.Load()
		return oversubscribe.Load{Five: five, Fifteen: fifteen}, err
	})
	if c.controller != nil {
		controller = c.controller
	}
	return estimator, controller, err
}
