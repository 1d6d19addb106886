//go:build !windows

package daemon

import (
	"errors"
	"io/fs"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/agent/checkpoint"
)

// disk is the checkpoints of an earlier agent, for the core to recover from.
type disk struct{ store *checkpoint.Store }

func (d disk) Read(path string) ([]byte, error) {
	data, err := d.store.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

func (d disk) Records(path string) ([][]byte, error) {
	records, err := d.store.Records(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return records, err
}

func (d disk) List(path string) ([]string, error) { return d.store.List(path) }

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
