package exec

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

const (
	// lookEvery is how often is looked what a task waits for.
	lookEvery = time.Second / 4
	// lookTimeout bounds one look.
	lookTimeout = 5 * time.Second
)

// modeKind is the part of a FileInfo's mode that says what kind of file it is, and
// modeRegular that of a regular one.
const modeKind, modeRegular = 0o170000, 0o100000

// await shows what a task waits for that starts, if it may be for long.
func (r *run) await(e Await) {
	if !r.config.Watch || !r.brings {
		return
	}
	ctx, cancel := context.WithCancel(r.ctx)
	r.awaited[e.Task] = cancel
	go r.look(ctx, e)
}

func (r *run) arrived(task mesos.TaskID) {
	if cancel := r.awaited[task]; cancel != nil {
		cancel()
		delete(r.awaited, task)
	}
}

// brings reports whether something must be brought to the agent before tasks run.
func brings(tasks []*mesospb.TaskInfo) bool {
	for _, t := range tasks {
		if t.GetContainer().GetMesos().GetImage() != nil || len(t.GetCommand().GetUris()) > 0 {
			return true
		}
		for _, volume := range t.GetContainer().GetVolumes() {
			if volume.GetImage() != nil {
				return true
			}
		}
	}
	return false
}

// look tells again and again what a task waits for, until ctx ends.
func (r *run) look(ctx context.Context, e Await) {
	agent := r.config.Client.Agent(e.Agent)
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		if what := waitsFor(ctx, agent, e); what != "" {
			r.put(learned{Waiting{Task: e.Task, What: what}})
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// waitsFor is what a task waits for, in words: an image, or else files, of which
// only what is there already is known. It is empty if nothing is to be seen.
func waitsFor(ctx context.Context, agent *client.Agent, e Await) string {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	id := convert.ContainerID(e.Container)
	pulls, err := agent.Pulls(ctx)
	for _, p := range pulls {
		if p.Container == id || strings.HasPrefix(string(p.Container), string(id)+".") {
			return pulling(p)
		}
	}
	if err != nil && mesos.KindOf(err) != mesos.Unsupported {
		return ""
	}
	files, err := agent.Files().Browse(ctx, e.Sandbox)
	if err != nil {
		return ""
	}
	return fetching(files)
}

func pulling(p client.Pull) string {
	switch {
	case p.Layers == 0:
		return "pulling " + p.Image
	case p.Bytes == 0:
		return fmt.Sprintf("pulling %s: %d of %d layers", p.Image, p.LayersDone, p.Layers)
	}
	return fmt.Sprintf("pulling %s: %d of %d layers, %s of %s MB",
		p.Image, p.LayersDone, p.Layers, megabytes(p.BytesDone), megabytes(p.Bytes))
}

func fetching(files []*mesospb.FileInfo) string {
	var size uint64
	var newest *mesospb.FileInfo
	for _, f := range files {
		regular := f.GetMode()&modeKind == modeRegular
		if name := path.Base(f.GetPath()); !regular || name == "stdout" || name == "stderr" {
			continue
		}
		size += f.GetSize()
		if newest == nil || f.GetMtime().GetNanoseconds() > newest.GetMtime().GetNanoseconds() {
			newest = f
		}
	}
	if newest == nil {
		return ""
	}
	return fmt.Sprintf("fetching %s: %s MB so far", path.Base(newest.GetPath()), megabytes(int64(size)))
}

func isWaiting(n Notice) bool {
	_, is := n.(Waiting)
	return is
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f", float64(n)/1e6) }
