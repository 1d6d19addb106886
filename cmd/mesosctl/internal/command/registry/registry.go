// Package registry is `mesosctl registry`.
package registry

import (
	"cmp"
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
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/lines"
	"github.com/mesosctl/mesosctl/daemon"
	"github.com/mesosctl/mesosctl/internal/whole"
	"github.com/mesosctl/mesosctl/mesos"
)

// New makes the command.
func New(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "registry {backup|restore}",
		Short: "Back up and restore what masters keep",
		Long: "Back up and restore the registry: what masters can't learn again from agents and schedulers, such as\n" +
			"which agents were admitted, unreachable or gone, weights, quotas and maintenance.",
		Args: cobra.NoArgs,
	}
	cmd.AddCommand(newBackup(a), newRestore(a))
	return cmd
}

func newBackup(a *app.App) *cobra.Command {
	var o app.Cluster
	cmd := &cobra.Command{
		Use:   "backup FILE [flags]",
		Short: "Write the registry of a running cluster to a file",
		Long: "Write the registry of a running cluster to a file, whole or not at all; - is standard output. The file\n" +
			"has a version and a checksum.",
		Example: "  mesosctl registry backup /var/backups/registry-$(date +%F) --master=10.0.0.1,10.0.0.2,10.0.0.3",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.Do(cmd.Context(), a, func(ctx context.Context, c *client.Client) error { return backup(ctx, a, c, args[0]) })
		},
	}
	o.Flags("1mins").Register(cmd.Flags())
	return cmd
}

func backup(ctx context.Context, a *app.App, c *client.Client, path string) error {
	content, err := fetch(ctx, a, c)
	if err != nil {
		return err
	}
	if _, err := daemon.CheckBackup(content); err != nil {
		return mesos.Errorf(mesos.Unavailable, "what the master at %s sent is of no use: %w", c.Leader(), err)
	}
	if path == "-" {
		_, err = a.IO.Out.Write(content)
		return err
	}
	const private = os.FileMode(0o600)
	if err := whole.Write(path, content, private); err != nil {
		return mesos.Errorf(mesos.Internal, "write the backup: %w", err)
	}
	fmt.Fprintf(a.IO.Err, "backed up the registry to %s, %d bytes\n", path, len(content))
	return nil
}

// fetch asks for the registry, and tells a person how far that is.
func fetch(ctx context.Context, a *app.App, c *client.Client) ([]byte, error) {
	note := lines.NewNote(a.IO)
	defer note.Clear()
	note.Set("waiting for the leading master's registry")
	return c.Backup(ctx, func(done, all int64) {
		const mega = 1e6
		if all < 0 {
			note.Set(fmt.Sprintf("%.1f MB", float64(done)/mega))
			return
		}
		note.Bar(done, all, fmt.Sprintf("%.1f of %.1f MB", float64(done)/mega, float64(all)/mega))
	})
}

func newRestore(a *app.App) *cobra.Command {
	var cfg daemon.RestoreConfig
	var timeout time.Duration
	var preview app.Preview
	cmd := &cobra.Command{
		Use:   "restore FILE [flags]",
		Short: "Make an empty registry hold what a backup does",
		Long: "Make an empty registry hold what a backup does; - is standard input. No master may run.\n\n" +
			"With --work_dir it becomes the registry of a master that starts there; the other masters are then added to\n" +
			"it (mesosctl master member add). With --etcd it goes into an external etcd cluster.",
		Example: "  mesosctl registry restore registry-2026-11-22 --work_dir=/var/lib/mesos\n" +
			"  mesosctl registry restore registry-2026-11-22 --etcd=http://10.0.0.1:2379",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (cfg.WorkDir == "") == (len(cfg.Etcd) == 0) {
				return mesos.Errorf(mesos.Invalid, "say where to restore to: either --work_dir or --etcd")
			}
			return restore(cmd.Context(), a, cfg, timeout, preview, args[0])
		},
	}
	append(flags.Table{
		flags.Path("work_dir", &cfg.WorkDir, "", "work_dir of a master, a `directory` without a registry"),
		flags.List("etcd", &cfg.Etcd, "", "client `URLs` of an external etcd"),
		flags.Duration("timeout", &timeout, "1mins", "`time` that it may take"),
	}, preview.Flags()...).Register(cmd.Flags())
	return cmd
}

func restore(ctx context.Context, a *app.App, cfg daemon.RestoreConfig, timeout time.Duration, preview app.Preview, path string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cfg.Log = a.Logger(false)
	var backup []byte
	var err error
	if path == "-" {
		backup, err = io.ReadAll(a.IO.In)
	} else {
		backup, err = os.ReadFile(path)
	}
	if err != nil {
		return mesos.Errorf(mesos.Invalid, "read the backup: %w", err)
	}
	if known, err := daemon.CheckBackup(backup); err != nil {
		return mesos.Errorf(mesos.KindOf(err), "restore %s: %w", path, err)
	} else if !preview.Allow(a, fmt.Sprintf("restore %d keys of %s to %s", known.Keys, known.Taken.Format(time.RFC3339),
		cmp.Or(cfg.WorkDir, strings.Join(cfg.Etcd, ",")))) {
		return nil
	}
	restored, err := daemon.RestoreRegistry(ctx, cfg, backup)
	if err != nil {
		return fmt.Errorf("restore %s: %w", path, err)
	}
	fmt.Fprintf(a.IO.Err, "restored %d keys of %s\n", restored.Keys, restored.Taken.Format(time.RFC3339))
	return nil
}
