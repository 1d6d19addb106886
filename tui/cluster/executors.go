package cluster

import "github.com/mesosctl/mesosctl/wire/masterpb"

// Executors hold resources of their own for as long as they run, whether they have tasks
// or not. The stream tells of none: they are those that it began with, and those that
// were asked for since then.

// maxExecutors is how many executors may be asked for again and again.
const maxExecutors = 2000

type executorKey struct{ framework, id string }

// AskExecutors reports whether executors are so few that they may be asked for again and
// again.
func (c *Cluster) AskExecutors() bool {
	n := 0
	for _, on := range c.executors {
		n += len(on)
	}
	return n <= maxExecutors
}

// executorsAnswer takes all executors there are.
func (c *Cluster) executorsAnswer(all *masterpb.Response_GetExecutors) {
	told := make(map[string]map[executorKey]Amounts, len(c.executors))
	for _, e := range append(all.GetExecutors(), all.GetOrphanExecutors()...) {
		info, agent := e.GetExecutorInfo(), e.GetAgentId().GetValue()
		held := AmountsOf(info.GetResources())
		if held == (Amounts{}) {
			continue
		}
		if told[agent] == nil {
			told[agent] = map[executorKey]Amounts{}
		}
		told[agent][executorKey{info.GetFrameworkId().GetValue(), info.GetExecutorId().GetValue()}] = held
	}
	for agent, on := range c.executors {
		for key := range on {
			if _, there := told[agent][key]; !there {
				c.executor(agent, key, Amounts{})
			}
		}
	}
	for agent, on := range told {
		for key, held := range on {
			c.executor(agent, key, held)
		}
	}
}

// executor takes what an executor holds from now on.
func (c *Cluster) executor(agent string, key executorKey, held Amounts) {
	before := c.executors[agent][key]
	if held == before {
		return
	}
	c.hold(key.framework, agent, held.Minus(before), 0)
	if held != (Amounts{}) {
		if c.executors[agent] == nil {
			c.executors[agent] = map[executorKey]Amounts{}
		}
		c.executors[agent][key] = held
		return
	}
	if delete(c.executors[agent], key); len(c.executors[agent]) == 0 {
		delete(c.executors, agent)
	}
}

// executorsOn ends the executors on an agent that is gone.
func (c *Cluster) executorsOn(agent string) {
	for key := range c.executors[agent] {
		c.executor(agent, key, Amounts{})
	}
}

// executorsOf ends the executors of a framework that is gone.
func (c *Cluster) executorsOf(framework string) {
	for agent, on := range c.executors {
		for key := range on {
			if key.framework == framework {
				c.executor(agent, key, Amounts{})
			}
		}
	}
}
