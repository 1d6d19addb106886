package daemon

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/agent/checkpoint"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// recoverAgent reads what an earlier agent left in the work dir.
func recoverAgent(store *checkpoint.Store) (agent.State, error) {
	latest, err := store.Read(agent.LatestPath)
	if errors.Is(err, fs.ErrNotExist) {
		return agent.State{}, nil
	} else if err != nil {
		return agent.State{}, fmt.Errorf("recover: %w", err)
	}
	path := agent.InfoPath(mesos.AgentID(latest))
	data, err := store.Read(path)
	if err != nil {
		return agent.State{}, fmt.Errorf("recover: %w", err)
	}
	info := new(mesospb.AgentInfo)
	if err := wire.Unmarshal(data, info); err != nil {
		return agent.State{}, fmt.Errorf("recover: %s: %w", path, err)
	}
	return agent.State{Agent: info}, nil
}

// checkpoint makes every Checkpoint among the effects durable.
func (a *Agent) checkpoint(effects []agent.Effect) error {
	var ops []checkpoint.Op
	for _, effect := range effects {
		if e, ok := effect.(agent.Checkpoint); ok {
			ops = append(ops, checkpoint.Op{Path: e.Path, Value: e.Value, Append: e.Append})
		}
	}
	if len(ops) == 0 {
		return nil
	}
	return a.checkpoints.Apply(ops)
}
