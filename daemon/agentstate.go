//go:build !windows

package daemon

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/agent/checkpoint"
)

// recoverAgent reads what an earlier agent left in the work dir.
func recoverAgent(store *checkpoint.Store) (agent.State, error) {
	state, err := agent.Recover(func(path string) ([]byte, error) {
		data, err := store.Read(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return data, err
	})
	if err != nil {
		return agent.State{}, fmt.Errorf("recover: %w", err)
	}
	return state, nil
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
