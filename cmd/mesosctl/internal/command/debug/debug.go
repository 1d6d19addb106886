// Package debug is `mesosctl debug`.
package debug

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/internal/whole"
	"github.com/mesosctl/mesosctl/mesos"
)

type options struct {
	app.Cluster
	listen time.Duration
	agents int
}

// New makes the command.
func New(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "debug {bundle}",
		Short: "Find out what is wrong",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(newBundle(a))
	return cmd
}

func newBundle(a *app.App) *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use:   "bundle [FILE] [flags]",
		Short: "Collect what a report of a bug needs, without secrets",
		Long: "Collects what a report of a bug needs into an archive, FILE.tar.gz, or - for standard output: versions, flags,\n" +
			"state, metrics, health, what masters keep, what happens while it listens, what the daemons' goroutines do and\n" +
			"their memory is for, and the logs of a cluster of 'mesosctl up'. What can't be had is named in it.\n\n" +
			"Secrets are left out: values of environments, credentials, tokens, secrets of volumes and images, and whatever\n" +
			"looks like one in commands and logs. Host names, users and labels are in it: look before you publish it.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			now := time.Now()
			path := "mesosctl-bundle-" + now.Format("20060102-150405") + ".tar.gz"
			if len(args) == 1 {
				path = args[0]
			}
			return o.Do(cmd.Context(), a, func(ctx context.Context, c *client.Client) error {
				b := &bundle{now: now, tell: func(what string) { fmt.Fprintf(a.IO.Err, "collecting %s\n", what) }}
				o.collect(ctx, a, c, b)
				return b.write(a, path)
			})
		},
	}
	append(o.Flags("1mins"), flags.Table{
		flags.Duration("listen", &o.listen, "3secs", "`time` to listen to what happens"),
		flags.Int("agents", &o.agents, 10, 0, 100_000, "how many `agents` to ask, those that are not active first"),
	}...).Register(cmd.Flags())
	return cmd
}

// bundle is the files of an archive.
type bundle struct {
	now      time.Time
	tell     func(what string)
	names    []string
	contents [][]byte
	problems []string
}

// add adds a file, of JSON or text, without its secrets. A profile has none: it is of
// the program, not of what that keeps.
func (b *bundle) add(name string, content []byte, err error) {
	if err != nil {
		b.problems = append(b.problems, name+": "+hideText(err.Error()))
		return
	}
	switch {
	case strings.HasSuffix(name, ".json"):
		content = hideJSON(content)
	case !strings.HasSuffix(name, ".pb.gz"):
		content = []byte(hideText(string(content)))
	}
	b.names, b.contents = append(b.names, name), append(b.contents, content)
}

func (b *bundle) archive(w io.Writer) error {
	packed := gzip.NewWriter(w)
	files := tar.NewWriter(packed)
	for i, name := range b.names {
		err := files.WriteHeader(&tar.Header{
			Typeflag: tar.TypeReg, Name: "mesosctl-bundle/" + name, Size: int64(len(b.contents[i])), Mode: 0o600, ModTime: b.now,
		})
		if err == nil {
			_, err = files.Write(b.contents[i])
		}
		if err != nil {
			return err
		}
	}
	if err := files.Close(); err != nil {
		return err
	}
	return packed.Close()
}

func (b *bundle) write(a *app.App, path string) error {
	if len(b.problems) > 0 {
		b.add("problems.txt", []byte(strings.Join(b.problems, "\n")+"\n"), nil)
	}
	var packed bytes.Buffer
	if err := b.archive(&packed); err != nil {
		return mesos.Errorf(mesos.Internal, "write the bundle: %w", err)
	}
	if path == "-" {
		_, err := a.IO.Out.Write(packed.Bytes())
		return err
	}
	const private = os.FileMode(0o600)
	if err := whole.Write(path, packed.Bytes(), private); err != nil {
		return mesos.Errorf(mesos.Internal, "write the bundle: %w", err)
	}
	fmt.Fprintf(a.IO.Err, "wrote %s: %s, %d KB\n", path, mesos.Count(len(b.names), "file"), packed.Len()/1024)
	if len(b.problems) > 0 {
		fmt.Fprintf(a.IO.Err, "%s could not be had; see problems.txt in it\n", mesos.Count(len(b.problems), "thing"))
	}
	return nil
}
