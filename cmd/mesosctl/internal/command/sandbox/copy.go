package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/lines"
	"github.com/mesosctl/mesosctl/kinds/taskref"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// deepest is how many directories may be in each other: agents follow links, and
// a link may lead back.
const deepest = 64

func newCopy(a *app.App) *cobra.Command {
	var o app.Cluster
	cmd := &cobra.Command{
		Use:   "cp TASK[:PATH]... TO [flags]",
		Short: "Copy files and directories of tasks",
		Long: "Copies files and directories in tasks' sandboxes, with what is below them, to a local file or directory,\n" +
			"or with - a file to standard output. " + where,
		Example: "  mesosctl cp web.1:logs ./web-logs\n  mesosctl cp web.1 web.2 sandboxes/",
		Args:    cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			from, to := args[:len(args)-1], args[len(args)-1]
			if name, file, ok := strings.Cut(to, ":"); ok && name != "" && !strings.ContainsAny(name, `/\.`) && len(name) > 1 {
				return mesos.Errorf(mesos.Invalid, "sandboxes can be read only; to write a file use the task itself: mesosctl exec -i %s -- sh -c 'cat > %s' < %s",
					name, file, from[0])
			}
			return o.Do(cmd.Context(), a, func(ctx context.Context, c *client.Client) error { return run(ctx, a, c, from, to) })
		},
	}
	o.Flags("1hrs").Register(cmd.Flags())
	return cmd
}

func run(ctx context.Context, a *app.App, c *client.Client, from []string, to string) error {
	places, err := find(ctx, c, from)
	if err != nil {
		return err
	}
	if to == "-" {
		for _, p := range places {
			if err := p.copyTo(ctx, a.IO.Out); err != nil {
				return err
			}
		}
		return nil
	}
	info, err := os.Stat(to)
	into := err == nil && info.IsDir() || strings.HasSuffix(to, "/") || len(places) > 1
	t := &transfer{note: lines.NewNote(a.IO)}
	defer t.note.Clear()
	for _, p := range places {
		dir, name := filepath.Dir(filepath.Clean(to)), filepath.Base(filepath.Clean(to))
		if into {
			dir, name = to, p.name()
		}
		if err := t.take(ctx, p, dir, name); err != nil {
			return err
		}
	}
	t.note.Clear()
	fmt.Fprintln(a.IO.Err, t.text())
	return nil
}

// name is what a place is called below a directory: its last element, or the
// task's name.
func (p place) name() string {
	task, below, _ := strings.Cut(p.text, ":")
	if base := path.Base(path.Clean("/" + below)); base != "/" {
		return base
	}
	return path.Base(task)
}

// transfer copies, and tells how far it is.
type transfer struct {
	note  *lines.Note
	root  *os.Root // outside of which nothing is written
	files int
	bytes int64
	shown time.Time // when the note was
}

// take copies a place to a name in a local directory, which is made if it is not
// there.
func (t *transfer) take(ctx context.Context, p place, dir, name string) error {
	infos, directory, err := p.look(ctx)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return mesos.Errorf(mesos.Internal, "copy %s: %w", p.text, err)
	}
	if t.root, err = os.OpenRoot(dir); err != nil {
		return mesos.Errorf(mesos.Internal, "copy %s: %w", p.text, err)
	}
	defer func() { _ = t.root.Close() }()
	if directory {
		return t.directory(ctx, p, infos, name, deepest)
	}
	return t.file(ctx, p, infos[0], name)
}

func (t *transfer) directory(ctx context.Context, p place, infos []*mesospb.FileInfo, to string, depth int) error {
	if depth == 0 {
		return mesos.Errorf(mesos.Invalid, "%s: there are over %d directories in each other: a link leads back? copy what is in it one by one", p.text, deepest)
	}
	if err := t.root.Mkdir(to, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return mesos.Errorf(mesos.Internal, "copy %s: %w", p.text, err)
	}
	for _, info := range infos {
		name := path.Base(info.GetPath())
		if name == "." || name == ".." || name == "/" || strings.ContainsAny(name, "/\\\x00") {
			return mesos.Errorf(mesos.Invalid, "%s: its agent tells of a file %q", p.text, name)
		}
		below := place{strings.TrimSuffix(p.text, "/") + separator(p.text) + name, p.files, path.Join(p.path, name), false}
		var err error
		if taskref.IsDirectory(info) {
			var deeper []*mesospb.FileInfo
			if deeper, err = below.list(ctx); err == nil {
				err = t.directory(ctx, below, deeper, filepath.Join(to, name), depth-1)
			}
		} else {
			err = t.file(ctx, below, info, filepath.Join(to, name))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// separator is what is between a place and what is in it.
func separator(text string) string {
	if strings.Contains(text, ":") {
		return "/"
	}
	return ":"
}

// file copies a file with its permissions and time. One that is not copied whole
// is not left there.
func (t *transfer) file(ctx context.Context, p place, info *mesospb.FileInfo, to string) error {
	file, err := t.root.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return mesos.Errorf(mesos.Internal, "copy %s: %w", p.text, err)
	}
	err = p.copyTo(ctx, io.MultiWriter(file, t))
	if err == nil {
		if mode := fs.FileMode(info.GetMode() & 0o777); info.Mode != nil {
			err = file.Chmod(mode)
		}
	}
	err = errors.Join(err, file.Close())
	if err != nil {
		_ = t.root.Remove(to) // what is there of it is of no use
		return err
	}
	if info.GetMtime() != nil {
		_ = t.root.Chtimes(to, changed(info), changed(info)) // some file systems don't
	}
	t.files++
	return nil
}

// Write takes in what was copied, and tells a person how far it is.
func (t *transfer) Write(data []byte) (int, error) {
	const often = time.Second / 10
	t.bytes += int64(len(data))
	if now := time.Now(); now.Sub(t.shown) >= often {
		t.shown = now
		t.note.Set(t.text())
	}
	return len(data), nil
}

func (t *transfer) text() string {
	return fmt.Sprintf("copied %s, %.1f MB", mesos.Count(t.files, "file"), float64(t.bytes)/(1<<20))
}
