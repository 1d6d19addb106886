package debug

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/build"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// each is how long one answer may take: a host that is silent must not cost the
// others theirs.
const each = 10 * time.Second

// maxLog is how much of a log's end is taken, in bytes.
const maxLog = 4 << 20

// collect asks for everything.
func (o *options) collect(ctx context.Context, a *app.App, c *client.Client, b *bundle) {
	b.add("mesosctl.txt", fmt.Appendf(nil, "version %s\nrevision %s\n%s %s/%s\nmasters %s\ntaken %s\n",
		build.Version, build.Revision(), runtime.Version(), runtime.GOOS, runtime.GOARCH,
		strings.Join(c.Masters(), ","), b.now.UTC().Format(time.RFC3339)), nil)
	b.tell("the state of the leader")
	for _, kind := range []masterpb.Call_Type{
		masterpb.Call_GET_HEALTH, masterpb.Call_GET_VERSION, masterpb.Call_GET_FLAGS, masterpb.Call_GET_METRICS, masterpb.Call_GET_MASTER,
		masterpb.Call_GET_STATE, masterpb.Call_GET_OPERATIONS, masterpb.Call_GET_ROLES, masterpb.Call_GET_QUOTA, masterpb.Call_GET_WEIGHTS,
		masterpb.Call_GET_MAINTENANCE_SCHEDULE, masterpb.Call_GET_MAINTENANCE_STATUS, masterpb.Call_GET_LOGGING_LEVEL,
	} {
		name := "leader/" + strings.ToLower(strings.TrimPrefix(kind.String(), "GET_")) + ".json"
		content, err := ask(ctx, c, kind)
		b.add(name, content, err)
	}
	for _, host := range c.Masters() {
		b.tell("what master " + host + " says")
		fetch(ctx, c, b, "masters/"+fileName(host), host, map[string]string{
			"health.txt": "/health", "version.json": "/version", "flags.json": "/flags", "metrics.json": "/metrics/snapshot",
			"members.json": "/mesosctl/members", "registry.json": "/registrar(id)/registry",
		})
		fetch(ctx, c, b, "masters/"+fileName(host), host, inside)
	}
	o.askAgents(ctx, c, b)
	if o.listen > 0 {
		b.tell(fmt.Sprintf("what happens within %s", o.listen))
		content, err := o.events(ctx, c)
		b.add("events.txt", content, err)
	}
	addLogs(a, b)
}

// inside is what a daemon of this project tells of itself for such a report.
var inside = map[string]string{"stacks.txt": "/mesosctl/debug/stacks", "heap.pb.gz": "/mesosctl/debug/heap"}

// addLogs takes the logs of a cluster of 'mesosctl up', also of one that has ended.
func addLogs(a *app.App, b *bundle) {
	if content, err := end(a.State().Log()); !errors.Is(err, fs.ErrNotExist) {
		b.add("local.log", content, err)
	}
	cluster, running, err := a.State().Running()
	if err != nil || !running {
		return // what is left of it is in its own log
	}
	for _, path := range cluster.Logs {
		content, err := end(path)
		b.add("logs/"+filepath.Base(path), content, err)
	}
}

func ask(ctx context.Context, c *client.Client, kind masterpb.Call_Type) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, each)
	defer cancel()
	call := &masterpb.Call{Type: kind.Enum()}
	if kind == masterpb.Call_GET_METRICS {
		call.GetMetrics = &masterpb.Call_GetMetrics{}
	}
	answer, err := c.Call(ctx, call)
	if err != nil {
		return nil, err
	}
	return wire.MarshalJSON(answer)
}

// fetch takes what some paths of a host answer.
func fetch(ctx context.Context, c *client.Client, b *bundle, dir, host string, paths map[string]string) {
	ctx, cancel := context.WithTimeout(ctx, each)
	defer cancel()
	var names []string
	for name := range paths {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		content, err := c.Fetch(ctx, host, paths[name])
		b.add(dir+"/"+name, content, err)
	}
}

// fileName is a host as a name of a directory.
func fileName(host string) string { return strings.NewReplacer(":", "_", "/", "_").Replace(host) }

// askAgents asks some agents, those first with which something may be wrong.
func (o *options) askAgents(ctx context.Context, c *client.Client, b *bundle) {
	if o.agents == 0 {
		return
	}
	all, err := c.Agents(ctx)
	if err != nil {
		return // it is said of the state already
	}
	agents := slices.Clone(all.GetAgents())
	slices.SortStableFunc(agents, func(x, y *masterpb.Response_GetAgents_Agent) int {
		switch {
		case x.GetActive() == y.GetActive():
			return 0
		case y.GetActive():
			return -1
		}
		return 1
	})
	for _, agent := range agents[:min(len(agents), o.agents)] {
		_, host, _ := strings.Cut(agent.GetPid(), "@")
		b.tell("what agent " + agent.GetAgentInfo().GetId().GetValue() + " says")
		fetch(ctx, c, b, "agents/"+agent.GetAgentInfo().GetId().GetValue(), host, map[string]string{
			"health.txt": "/health", "version.json": "/version", "flags.json": "/flags", "metrics.json": "/metrics/snapshot", "state.json": "/state",
		})
		fetch(ctx, c, b, "agents/"+agent.GetAgentInfo().GetId().GetValue(), host, inside)
	}
}

// events is what happens, for a while.
func (o *options) events(ctx context.Context, c *client.Client) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, o.listen)
	defer cancel()
	stream, err := c.Watch(ctx)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	var out bytes.Buffer
	for {
		event, err := stream.Next()
		if err != nil {
			return out.Bytes(), nil //nolint:nilerr // that is how it ends
		}
		if event.GetType() == masterpb.Event_SUBSCRIBED {
			continue // the state, which is there already
		}
		line, err := wire.MarshalJSON(event)
		if err != nil {
			return out.Bytes(), err
		}
		fmt.Fprintf(&out, "%s %s", time.Now().UTC().Format(time.RFC3339Nano), bytes.ReplaceAll(hideJSON(line), []byte("\n"), nil))
		out.WriteByte('\n')
	}
}

// end is the end of a file.
func end(path string) ([]byte, error) {
	content, err := os.ReadFile(path)
	return content[max(0, len(content)-maxLog):], err
}
