// Package top is `mesosctl top`.
package top

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/contexts"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/lines"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui"
	"github.com/mesosctl/mesosctl/tui/live"
	"github.com/mesosctl/mesosctl/tui/style"
)

type options struct {
	master   string
	timeout  time.Duration
	readOnly bool
	noMouse  bool
	theme    string
}

// New makes the command.
func New(a *app.App) *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use:   "top [PAGE [FILTER]] [flags]",
		Short: "Watch a cluster live, and work with it",
		Long: "Shows a cluster live in the whole terminal: resources, agents, frameworks, roles, tasks, offers, maintenance,\n" +
			"and what happens. The keys are those of k9s: ? shows them, : goes to a page, / filters, enter goes on, esc\n" +
			"goes back, q ends it.\n\n" +
			"PAGE is what to begin with, such as tasks or agents, and FILTER what to show of it: a regular expression,\n" +
			"with ! before it what doesn't match.",
		Example: "  mesosctl top\n" +
			"  mesosctl top tasks '^web'\n" +
			"  mesosctl top agents --master=m1:5050,m2:5050 --read-only",
		RunE: func(cmd *cobra.Command, args []string) error { return run(cmd.Context(), a, o, args) },
	}
	flags.Table{
		flags.String("master", &o.master, "", app.MasterUsage),
		flags.Duration("timeout", &o.timeout, "30secs", "`time` that the master may keep silent at the beginning"),
		flags.Bool("read_only", &o.readOnly, false, "offer nothing that changes the cluster"),
		flags.Bool("no_mouse", &o.noMouse, false, "leave the mouse to the terminal"),
		flags.String("theme", &o.theme, style.Auto, "colours: `name` is "+strings.Join(style.Names(), ", ")),
	}.Register(cmd.Flags())
	return cmd
}

func run(ctx context.Context, a *app.App, o *options, args []string) error {
	if !a.IO.InTerminal || !a.IO.OutTerminal {
		return mesos.Errorf(mesos.Invalid, "top draws in a terminal, and this is none; 'mesosctl status', 'get' and 'events' print")
	}
	if _, err := style.New(o.theme); err != nil {
		return mesos.Errorf(mesos.Invalid, "--theme: %w", err)
	}
	if !a.IO.Color() {
		o.theme = style.None
	}
	c, err := a.Connect(o.master, o.timeout)
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	feed := live.New(c)
	chosen := contexts.Context{}
	if a.Chosen() != nil {
		chosen = *a.Chosen()
	}
	here, err := os.Getwd()
	if err != nil {
		here = "."
	}
	over := watch(lines.NewNote(a.IO), feed.Loading, o.timeout, stop)
	wait, err := feed.Start(ctx)
	over()
	if err == nil {
		defer wait()
		defer stop(nil)
	}
	if cause := context.Cause(ctx); cause != nil { // it tells more
		return cause
	}
	if err != nil {
		return err
	}
	return tui.Run(ctx, tui.Config{
		Client: c, Live: feed, Page: strings.Join(args, " "), Theme: o.theme, ReadOnly: o.readOnly || chosen.ReadOnly, NoMouse: o.noMouse,
		Context: chosen.Name,
		Confirm: a.Confirm(), Save: tui.SaveIn(here, time.Now), Shell: shellOn(a), Now: time.Now(),
	}, tui.Terminal{In: a.IO.In, Out: a.IO.Out, Environ: a.Environ})
}
