// Package root is the command tree.
package root

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/build"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/allocator"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/attach"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/bench"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/completion"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/config"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/debug"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/describe"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/events"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/execin"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/execute"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/explain"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/get"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/kill"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/logs"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/maintenance"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/master"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/member"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/metrics"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/quota"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/registry"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/reserve"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/sandbox"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/standing"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/status"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/teardown"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/top"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/version"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/volume"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/wait"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/weight"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/exitcode"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
)

// New makes the whole tree.
func New(a *app.App) *cobra.Command {
	root := &cobra.Command{
		Use:   "mesosctl",
		Short: "The Mesos cluster manager as one program",
		Long: "mesosctl is the Mesos cluster manager as one program: its daemons, and the commands to use them.\n\n" +
			app.Precedence + "\n\n" +
			"Exit codes: " + exitcode.Summary() + ";\n" + exitcode.Passed + ".",
		Version: build.Version,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	masters := master.New(a)
	masters.AddCommand(member.New(a))
	root.AddCommand(
		execute.New(a), execin.New(a), attach.New(a), logs.New(a), masters, allocator.New(a), status.New(a), get.New(a), describe.New(a),
		explain.New(a), registry.New(a), version.New(a),
		quota.New(a, get.Of(a, "get", "quota", "List quotas")), weight.New(a, get.Of(a, "get", "weights", "List weights")),
		maintenance.New(a, get.Of(a, "status", "maintenance", "List machines that are planned for or down")),
		kill.New(a), teardown.New(a), volume.New(a), events.New(a), metrics.New(a), top.New(a), wait.New(a),
		bench.New(a), completion.New(a),
	)
	root.AddCommand(config.New(a))
	root.AddCommand(sandbox.New(a)...)
	root.AddCommand(debug.New(a))
	root.AddCommand(standing.New(a)...)
	root.AddCommand(reserve.New(a)...)
	root.AddCommand(whereAgentsRun(a)...)
	root.PersistentFlags().StringVar(&a.Context, "context", "", "`name` of the cluster to use, of 'mesosctl config get-contexts'")
	_ = root.RegisterFlagCompletionFunc("context", config.Names(a)) // it was just added
	completeNames(a, root)
	return dress(a, root)
}

// linked is the programs that this one is under another name.
func linked(a *app.App, name string) *cobra.Command {
	switch name {
	case "mesos-master":
		return dress(a, renamed(master.New(a), name))
	case "mesos-execute":
		return dress(a, execute.NewMesosExecute(a))
	}
	if cmd := linkedWhereAgentsRun(a, name); cmd != nil {
		return dress(a, renamed(cmd, name))
	}
	return New(a)
}

func renamed(cmd *cobra.Command, name string) *cobra.Command {
	cmd.Use = name + " [flags]"
	return cmd
}

// dress gives a tree what all programs have.
func dress(a *app.App, root *cobra.Command) *cobra.Command {
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetGlobalNormalizationFunc(flags.Normalize)
	root.PersistentFlags().BoolFunc("no_color", "print without colours", func(string) error {
		a.IO.DisableColor()
		return nil
	})
	root.PersistentFlags().BoolVar(&a.NoPager, "no_pager", false, "print long text without a pager")
	guide(root)
	explainArguments(root)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if words := cmd.Flags().Args(); isGroup(cmd) && len(words) > 0 {
			return unknown(cmd, words[0]) // the flag is of what was meant
		}
		return flags.Explain(cmd.Flags(), err)
	})
	root.SetIn(a.IO.In)
	root.SetOut(a.IO.Out)
	root.SetErr(a.IO.Err)
	return root
}

// Main runs the program that args[0] names and returns its exit code.
func Main(ctx context.Context, args []string, a *app.App) int {
	program := strings.TrimSuffix(filepath.Base(args[0]), ".exe")
	root := linked(a, program)
	root.SetArgs(args[1:])
	began, stop := false, func() {}
	root.PersistentPreRun = func(cmd *cobra.Command, _ []string) {
		began = true
		stop = a.Prepare(cmd)
	}
	cmd, err := root.ExecuteContextC(ctx)
	stop()
	if errors.Is(err, syscall.EPIPE) {
		err = nil // whoever read it has read enough
	}
	if !began {
		err = exitcode.UsageError(err) // what cobra itself refuses
	}
	if program == "mesos-execute" {
		err = execute.AsFailure(err)
	}
	if err != nil && !exitcode.Silent(err) {
		fmt.Fprintf(a.IO.Err, "%s: %v\n", program, err)
		if hint := a.Hint(err); hint != "" {
			fmt.Fprintln(a.IO.Err, hint)
		}
		if exitcode.Of(err) == exitcode.Usage {
			fmt.Fprintf(a.IO.Err, "see: %s --help\n", cmd.CommandPath())
		}
	}
	return exitcode.Of(err)
}
