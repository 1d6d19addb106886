package execute

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/exitcode"
	"github.com/mesosctl/mesosctl/exec"
	"github.com/mesosctl/mesosctl/mesos"
)

// foreverPatience is how long mesos-execute looks for a master.
const foreverPatience = 365 * 24 * time.Hour

// NewMesosExecute makes the command that this program is under the name of
// mesos-execute: it prints what that prints, on stdout, and exits with 0 when
// the task has ended, however that was, or else with 1.
func NewMesosExecute(a *app.App) *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use:   "mesos-execute --master=HOST:PORT --name=NAME --command=COMMAND [flags]",
		Short: "Run one command on a cluster and show how it fares",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runAsMesos(cmd.Context(), a, o)
		},
	}
	o.table().Register(cmd.Flags())
	return cmd
}

// AsFailure makes of every error one that exits with 1, as mesos-execute does.
func AsFailure(err error) error {
	if err == nil || exitcode.Silent(err) {
		return err
	}
	return mesos.Errorf(mesos.Internal, "%s", err.Error())
}

func runAsMesos(ctx context.Context, a *app.App, o *options) error {
	if o.master == "" {
		return errors.New("missing required option --master")
	}
	if o.Task == "" && o.TaskGroup == "" && o.Name == "" {
		return errors.New("missing required option --name")
	}
	o.FrameworkName = "mesos-execute instance"
	spec, err := o.Spec()
	if err != nil {
		return err
	}
	masters, err := client.ParseMasters(o.master)
	if err != nil {
		return err
	}
	c, err := client.New(client.Config{
		Masters: masters, MediaType: o.media, Principal: o.Principal, Secret: o.secret, Patience: foreverPatience,
	})
	if err != nil {
		return err
	}
	defer c.Close()
	// Ctrl-C ends this process, with which the master ends the task.
	result := exec.Run(ctx, exec.Config{Client: c, Spec: spec, Print: exec.AsMesos(a.IO.Out)})
	if result.Ended {
		return nil // however that was
	}
	return result.Err
}
