package exec

import (
	"bytes"
	"context"
	"strings"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/mesos"
)

// attachAttempts is how often the output of a container is attached to again
// because it wrote at that moment.
const attachAttempts = 10

// AttachOutput opens what a task with a terminal writes, and returns what it wrote
// before that: an attached client sees only what comes from then on, while the
// sandbox has it from the beginning. Nothing was missed if that is as long after
// attaching as it was before.
func AttachOutput(ctx context.Context, agent *client.Agent, task Follow) (output *client.Output, missed []byte, err error) {
	files, path := agent.Files(), task.Sandbox+"/stdout"
	for range attachAttempts {
		if missed, err = readAll(ctx, files, path); err != nil {
			return nil, nil, err
		}
		if output, err = agent.AttachOutput(ctx, task.Container); err != nil {
			return nil, nil, err
		}
		size, err := files.Size(ctx, path)
		if err != nil || size == uint64(len(missed)) {
			break
		}
		output.Close()
		output = nil
	}
	if output == nil { // it writes all the time: no more is lost than what it writes now
		output, err = agent.AttachOutput(ctx, task.Container)
	}
	return output, missed, err
}

func readAll(ctx context.Context, files client.Files, path string) ([]byte, error) {
	var all bytes.Buffer
	for {
		data, err := files.Read(ctx, path, uint64(all.Len()))
		switch {
		case mesos.KindOf(err) == mesos.NotFound: // nothing was written yet
			return nil, nil
		case err != nil:
			return nil, err
		case len(data) == 0:
			return all.Bytes(), nil
		}
		all.Write(data)
	}
}

// IndexOf is the index of the run that a task belongs to, as text.
func IndexOf(task mesos.TaskID) string {
	id, _, _ := strings.Cut(string(task), ".retry")
	return id[strings.LastIndexByte(id, '.')+1:]
}
