// Package config is `mesosctl config`: the clusters that a user has names for.
package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/contexts"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/output"
	"github.com/mesosctl/mesosctl/kinds"
	"github.com/mesosctl/mesosctl/mesos"
)

// New makes the command.
func New(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config {use-context|get-contexts|set-context|delete-context|current-context|view}",
		Short: "Give clusters names, and choose one",
		Long: "Gives clusters names, contexts, and chooses one of them. A context says where the masters are, how to reach\n" +
			"them, who this is, and what commands are to do unless a flag says otherwise.\n\n" +
			app.Precedence + "\n\n" +
			"Contexts are kept in the file that MESOSCTL_CONFIG names, else in mesosctl/config.yaml in XDG_CONFIG_HOME,\n" +
			"which is ~/.config if it is not set. Secrets are not in it, but in files of their own. The context " + contexts.Local + " is\n" +
			"always there: the cluster that 'mesosctl up' started.",
		Args: cobra.NoArgs,
	}
	cmd.AddCommand(newUse(a), newGet(a), newSet(a), newDelete(a), newCurrent(a), newView(a))
	return cmd
}

func read(a *app.App) (*contexts.File, error) { return contexts.Read(contexts.Path(a.Getenv)) }

// Names completes the name of a context.
func Names(a *app.App) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		file, err := read(a)
		if err != nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return file.Names(), cobra.ShellCompDirectiveNoFileComp
	}
}

func newUse(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use:               "use-context NAME",
		Short:             "Choose the context that commands use",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: Names(a),
		RunE: func(_ *cobra.Command, args []string) error {
			file, err := read(a)
			if err != nil {
				return err
			}
			if _, err := file.Find(args[0]); err != nil {
				return err
			}
			if file.CurrentContext = args[0]; args[0] == contexts.Local {
				file.CurrentContext = ""
			}
			if err := file.Write(); err != nil {
				return err
			}
			fmt.Fprintf(a.IO.Err, "commands now use context %s\n", args[0])
			for _, name := range []string{"MESOS_MASTER", "MESOSCTL_CONTEXT"} {
				if value := a.Getenv(name); value != "" {
					fmt.Fprintf(a.IO.Err, "but %s=%s goes before it: unset that\n", name, value)
				}
			}
			return nil
		},
	}
}

func newCurrent(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use:   "current-context",
		Short: "Print the context that is chosen",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			name, err := current(a)
			if err == nil {
				fmt.Fprintln(a.IO.Out, name)
			}
			return err
		},
	}
}

// current is the context that a command without --master would use.
func current(a *app.App) (string, error) {
	file, err := read(a)
	if err != nil {
		return "", err
	}
	for _, name := range []string{a.Context, a.Getenv("MESOSCTL_CONTEXT"), file.CurrentContext} {
		if name != "" {
			_, err := file.Find(name)
			return name, err
		}
	}
	return contexts.Local, nil
}

func newGet(a *app.App) *cobra.Command {
	format := output.Table
	cmd := &cobra.Command{
		Use:   "get-contexts [flags]",
		Short: "List contexts",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			file, err := read(a)
			if err != nil {
				return err
			}
			chosen, err := current(a)
			if err != nil {
				return err
			}
			return list(a, file, chosen, format)
		},
	}
	output.NamedFlag(cmd, &format)
	return cmd
}

func list(a *app.App, file *contexts.File, chosen string, format output.Format) error {
	if format == output.Name {
		for _, name := range file.Names() {
			fmt.Fprintln(a.IO.Out, name)
		}
		return nil
	}
	return output.Print(a.IO.Out, format, append([]contexts.Context{}, file.Contexts...), func() error {
		rows := [][]string{{"CURRENT", "NAME", "MASTERS", "TLS", "PRINCIPAL", "MODE"}}
		for _, c := range append(file.Contexts, contexts.Context{Name: contexts.Local, Masters: local(a)}) {
			mark := ""
			if c.Name == chosen {
				mark = "*"
			}
			rows = append(rows, []string{mark, c.Name, kinds.Dash(strings.Join(c.Masters, ",")), security(c), kinds.Dash(c.Principal), mode(c)})
		}
		return output.Columns(a.IO.Out, rows...)
	})
}

// local is where the cluster of mesosctl up is, if it runs.
func local(a *app.App) []string {
	if cluster, running, err := a.State().Running(); err == nil && running {
		return cluster.Addresses()
	}
	return nil
}

func security(c contexts.Context) string {
	switch {
	case c.TLS != nil && c.TLS.Insecure:
		return "insecure"
	case c.TLS != nil || strings.HasPrefix(strings.Join(c.Masters, ","), "https://"):
		return "yes"
	}
	return "no"
}

func mode(c contexts.Context) string {
	switch {
	case c.ReadOnly:
		return "read-only"
	case c.Confirm:
		return "confirm"
	}
	return "-"
}

func newDelete(a *app.App) *cobra.Command {
	var preview app.Preview
	cmd := &cobra.Command{
		Use:               "delete-context NAME",
		Short:             "Forget a context",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: Names(a),
		RunE: func(_ *cobra.Command, args []string) error {
			file, err := read(a)
			if err != nil {
				return err
			}
			was := file.CurrentContext
			if err := file.Delete(args[0]); err != nil {
				return err
			}
			if !preview.Allow(a, "forget context "+args[0]) {
				return nil
			}
			if err := file.Write(); err != nil {
				return err
			}
			fmt.Fprintf(a.IO.Err, "context %s is deleted\n", args[0])
			if was == args[0] {
				fmt.Fprintf(a.IO.Err, "it was the current one: commands now use %s\n", contexts.Local)
			}
			return nil
		},
	}
	preview.Flags().Register(cmd.Flags())
	return cmd
}

func newView(a *app.App) *cobra.Command {
	format := output.YAML
	cmd := &cobra.Command{
		Use:   "view [flags]",
		Short: "Print all contexts, as the file has them",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			file, err := read(a)
			if err != nil {
				return err
			}
			if format.ForPeople() {
				format = output.YAML
			}
			return output.Print(a.IO.Out, format, file, nil)
		},
	}
	output.Flag(cmd, &format)
	return cmd
}

// verify refuses a context that no command could use.
func verify(file *contexts.File, c *contexts.Context) error {
	if len(c.Masters) == 0 {
		return mesos.Errorf(mesos.Invalid, "context %s: where are the masters? name them with --masters", c.Name)
	}
	_, secure, err := client.ParseCluster(strings.Join(c.Masters, ","))
	if err != nil {
		return mesos.Errorf(mesos.Invalid, "context %s: %w", c.Name, err)
	}
	if c.TLS != nil && !secure && strings.Contains(strings.Join(c.Masters, ","), "http://") {
		return mesos.Errorf(mesos.Invalid, "context %s: its masters are http://, and it has tls: leave the http:// out", c.Name)
	}
	if c.SecretFile != "" && c.Principal == "" {
		return mesos.Errorf(mesos.Invalid, "context %s: a secret is of no use without the --principal that it belongs to", c.Name)
	}
	if c.Output != "" {
		if format := output.Format(""); format.Set(c.Output) != nil {
			return mesos.Errorf(mesos.Invalid, "context %s: --default-output: %w", c.Name, format.Set(c.Output))
		}
	}
	if files := file.TLSFiles(c); files != nil {
		if _, err := files.Load(time.Now()); err != nil {
			return mesos.Errorf(mesos.Invalid, "context %s: %w", c.Name, err)
		}
	}
	_, err = file.Secret(c)
	return err
}
