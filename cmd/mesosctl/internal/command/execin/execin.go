// Package execin is `mesosctl exec`: a command in a task's container.
package execin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/dialogue"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/exitcode"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/kinds/taskref"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

type options struct {
	master           string
	timeout          time.Duration
	interactive, tty bool
	user             string
	env              []string
}

// New makes the command.
func New(a *app.App) *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use:   "exec [flags] TASK -- COMMAND [ARGUMENT...]",
		Short: "Run a command in the container of a task",
		Long: "Run a command in the container of a task that runs: in its file system, its namespaces and its limits, with\n" +
			"its environment and working directory. The command ends with its connection.\n\n" +
			"TASK is its ID, its name, or as much of the beginning of its ID as no other has.\n\n" +
			"The exit code is the command's: 128 and the signal's number if one ended it, 127 if there is no such\n" +
			"command, and 126 if it can't be run.",
		Example: "  mesosctl exec web.1 -- cat /etc/hosts\n" +
			"  mesosctl exec -it web.1 -- sh",
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			argv := args[1:]
			if argv[0] == "--" {
				argv = argv[1:]
			}
			if len(argv) == 0 {
				return mesos.Errorf(mesos.Invalid, "the command to run is missing: TASK -- COMMAND")
			}
			return run(cmd.Context(), a, o, args[0], argv)
		},
	}
	flags.Table{
		flags.String("master", &o.master, "", app.MasterUsage),
		flags.Duration("timeout", &o.timeout, "10secs", "`time` that finding the task may take"),
		flags.String("user", &o.user, "", "run the command as this `user`, and not as the task's"),
	}.Register(cmd.Flags())
	cmd.Flags().BoolVarP(&o.interactive, "interactive", "i", false, "pass the standard input on")
	cmd.Flags().BoolVarP(&o.tty, "tty", "t", false, "give the command a terminal")
	cmd.Flags().StringArrayVarP(&o.env, "env", "e", nil, "set a variable of the environment, NAME=VALUE; may be repeated")
	cmd.Flags().SetInterspersed(false)
	return cmd
}

func run(ctx context.Context, a *app.App, o *options, text string, argv []string) error {
	ctx, stop := dialogue.Signalled(ctx)
	defer stop()
	command, err := o.command(a, argv)
	if err != nil {
		return err
	}
	var terminal *dialogue.Terminal
	if o.tty {
		if terminal, err = dialogue.FindTerminal(a.IO); err != nil {
			return err
		}
	}
	c, err := a.Connect(o.master, time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	task, err := o.find(ctx, c, text)
	if err != nil {
		return err
	}
	session := &dialogue.Session{Streams: a.IO, Task: task, Command: command, Terminal: terminal, Interactive: o.interactive}
	err = session.Run(ctx)
	var not *dialogue.NotRun
	if errors.As(err, &not) {
		return notRun(a, not.Err)
	}
	return err
}

func (o *options) find(ctx context.Context, c *client.Client, text string) (*taskref.Task, error) {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	return taskref.Reachable(ctx, c, text)
}

// command is what to run. A program in a terminal must know which one.
func (o *options) command(a *app.App, argv []string) (*mesospb.CommandInfo, error) {
	command := &mesospb.CommandInfo{Shell: new(false), Value: &argv[0], Arguments: argv}
	if o.user != "" {
		command.User = &o.user
	}
	variables := o.env
	if kind := a.Getenv("TERM"); o.tty && kind != "" {
		variables = append([]string{"TERM=" + kind}, variables...)
	}
	for _, v := range variables {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" {
			return nil, mesos.Errorf(mesos.Invalid, "--env: %q is not NAME=VALUE", v)
		}
		if command.Environment == nil {
			command.Environment = &mesospb.Environment{}
		}
		command.Environment.Variables = append(command.Environment.Variables, &mesospb.Environment_Variable{Name: &name, Value: &value})
	}
	return command, nil
}

// notRun is why a command was not run, as shells have it.
func notRun(a *app.App, err error) error {
	var code int
	switch text := err.Error(); {
	case mesos.KindOf(err) != mesos.Invalid:
		return err
	case strings.Contains(text, "no such file or directory"):
		code = 127
	case strings.Contains(text, "permission denied"):
		code = 126
	default:
		return err
	}
	fmt.Fprintf(a.IO.Err, "mesosctl: %v\n", err)
	return exitcode.Status(code)
}
