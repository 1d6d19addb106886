// Package sandbox is `mesosctl ls`, `cat` and `cp`: the files of tasks.
package sandbox

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/output"
	"github.com/mesosctl/mesosctl/kinds/taskref"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// where is what all of the commands say of files.
const where = "TASK is its ID, its name, or as much of the beginning of its ID as no other has; PATH is as seen from its\n" +
	"sandbox. The files of a task that has ended are there until its agent removes its sandbox."

// New makes the commands.
func New(a *app.App) []*cobra.Command {
	return []*cobra.Command{newList(a), newCat(a), newCopy(a)}
}

// place is a file or directory of a task.
type place struct {
	text  string // as the person wrote it
	files client.Files
	path  string // virtual
	top   bool   // the sandbox itself
}

// find finds what TASK:PATH texts mean.
func find(ctx context.Context, c *client.Client, texts []string) ([]place, error) {
	finder, err := taskref.New(ctx, c)
	if err != nil {
		return nil, err
	}
	var places []place
	for _, text := range texts {
		name, below, _ := strings.Cut(text, ":")
		task, err := finder.Any(name)
		if err != nil {
			return nil, err
		}
		// What leads out of the sandbox leads nowhere; the agent would refuse it as well.
		below = path.Clean("/" + below)
		places = append(places, place{text, task.Agent.Files(), path.Join(task.Sandbox(), below), below == "/"})
	}
	return places, nil
}

// explain says of a file that is not there what to do.
func (p place) explain(err error) error {
	if mesos.KindOf(err) == mesos.NotFound {
		name, _, _ := strings.Cut(p.text, ":")
		return mesos.Errorf(mesos.NotFound, "%s is not there: 'mesosctl ls %s' shows what is, unless the sandbox was removed", p.text, name)
	}
	return err
}

func (p place) list(ctx context.Context) ([]*mesospb.FileInfo, error) {
	infos, err := p.files.Browse(ctx, p.path)
	return infos, p.explain(err)
}

// look finds out what a place is: a directory with what it holds, or a file. Agents
// say of a file that it holds nothing.
func (p place) look(ctx context.Context) (infos []*mesospb.FileInfo, directory bool, err error) {
	infos, err = p.files.Browse(ctx, p.path)
	if err == nil && (len(infos) > 0 || p.top) {
		return infos, true, nil
	}
	parent, parentErr := p.files.Browse(ctx, path.Dir(p.path))
	if parentErr != nil {
		return nil, false, p.explain(cmp.Or(err, parentErr))
	}
	for _, info := range parent {
		if path.Base(info.GetPath()) != path.Base(p.path) {
			continue
		}
		if taskref.IsDirectory(info) {
			return nil, true, p.explain(err)
		}
		return []*mesospb.FileInfo{info}, false, nil
	}
	return nil, false, p.explain(mesos.Errorf(mesos.NotFound, "%s", p.text))
}

func newList(a *app.App) *cobra.Command {
	var o app.Cluster
	var long bool
	format := output.Table
	cmd := &cobra.Command{
		Use:     "ls TASK[:PATH]... [flags]",
		Short:   "List the files of tasks",
		Long:    "Lists the files in tasks' sandboxes. " + where,
		Example: "  mesosctl ls web.1\n  mesosctl ls -l web.1:logs",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.Do(cmd.Context(), a, func(ctx context.Context, c *client.Client) error {
				places, err := find(ctx, c, args)
				if err != nil {
					return err
				}
				return listAll(ctx, a, places, long || format == output.Wide, format)
			})
		},
	}
	o.Flags("10secs").Register(cmd.Flags())
	cmd.Flags().BoolVarP(&long, "long", "l", false, "show modes, owners, sizes and times")
	output.Flag(cmd, &format)
	return app.Paged(cmd)
}

func listAll(ctx context.Context, a *app.App, places []place, long bool, format output.Format) error {
	for i, p := range places {
		infos, _, err := p.look(ctx)
		if err != nil {
			return err
		}
		if len(places) > 1 && format.ForPeople() {
			if i > 0 {
				fmt.Fprintln(a.IO.Out)
			}
			fmt.Fprintf(a.IO.Out, "%s:\n", p.text)
		}
		values, err := plain(infos)
		if err != nil {
			return err
		}
		err = output.Print(a.IO.Out, format, values, func() error { return show(a.IO, infos, long) })
		if err != nil {
			return err
		}
	}
	return nil
}

// plain is files as the API has them.
func plain(infos []*mesospb.FileInfo) ([]json.RawMessage, error) {
	values := make([]json.RawMessage, len(infos))
	for i, info := range infos {
		var err error
		if values[i], err = wire.MarshalJSON(info); err != nil {
			return nil, mesos.Errorf(mesos.Internal, "%s: %w", info.GetPath(), err)
		}
	}
	return values, nil
}

func newCat(a *app.App) *cobra.Command {
	var o app.Cluster
	cmd := &cobra.Command{
		Use:     "cat TASK:PATH... [flags]",
		Short:   "Print files of tasks",
		Long:    "Prints files in tasks' sandboxes, byte by byte as they are now. " + where,
		Example: "  mesosctl cat web.1:conf/nginx.conf\n  mesosctl cat web.1:core | gdb nginx -",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.Do(cmd.Context(), a, func(ctx context.Context, c *client.Client) error {
				for _, text := range args {
					if !strings.Contains(text, ":") {
						return mesos.Errorf(mesos.Invalid, "which file of task %s? name it, as in %s:stdout", text, text)
					}
				}
				places, err := find(ctx, c, args)
				for _, p := range places {
					if err == nil {
						err = p.copyTo(ctx, a.IO.Out)
					}
				}
				return err
			})
		},
	}
	o.Flags("10mins").Register(cmd.Flags())
	return cmd
}

// copyTo writes a whole file to w.
func (p place) copyTo(ctx context.Context, w io.Writer) error {
	body, err := p.files.Download(ctx, p.path)
	if err != nil {
		if infos, directory, _ := p.look(ctx); directory {
			return mesos.Errorf(mesos.Invalid, "%s is a directory, of %d files: 'mesosctl cp' copies those", p.text, len(infos))
		}
		return p.explain(err)
	}
	defer body.Close()
	if _, err = io.Copy(w, body); err != nil && ctx.Err() != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return mesos.Errorf(mesos.TimedOut, "%s: it was not all copied within --timeout", p.text)
		}
		return mesos.Errorf(mesos.Conflict, "%s: interrupted", p.text)
	}
	if err != nil {
		return mesos.Errorf(mesos.Unavailable, "%s: its agent stopped to send: %w", p.text, err)
	}
	return nil
}

// changed is when a file was changed, in local time.
func changed(info *mesospb.FileInfo) time.Time { return time.Unix(0, info.GetMtime().GetNanoseconds()) }
