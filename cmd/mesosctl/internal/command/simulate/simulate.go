// Package simulate is `mesosctl allocator simulate`.
package simulate

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/allocator/simulate"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/output"
	"github.com/mesosctl/mesosctl/mesos"
)

// New makes the command.
func New(a *app.App) *cobra.Command {
	format := output.Table
	cmd := &cobra.Command{
		Use:   "simulate FILE [flags]",
		Short: "Run the allocator against a cluster described in a file, in virtual time",
		Long: "Run the allocator against a cluster described in a YAML file, in virtual time, and say who gets what, and\n" +
			"what waits and why: for planning, and for trying a quota before setting it. FILE may be - for stdin.\n\n" +
			"The file's fields are described in docs/allocation.md; examples/quota.yaml is one to begin with.",
		Example: "  mesosctl allocator simulate examples/quota.yaml\n" +
			"  mesosctl allocator simulate examples/batch-and-services.yaml -o json",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return run(a, args[0], format) },
	}
	output.Flag(cmd, &format)
	return cmd
}

func run(a *app.App, name string, format output.Format) error {
	data, shown, err := read(a, name)
	if err != nil {
		return err
	}
	cluster, err := simulate.Parse(shown, data)
	if err != nil {
		return err
	}
	result, err := simulate.Run(cluster)
	if err != nil {
		return err
	}
	return output.Print(a.IO.Out, format, result, func() error { return show(a.IO, result, format == output.Wide) })
}

// read is a file's content, and its name for errors.
func read(a *app.App, name string) ([]byte, string, error) {
	in, shown := a.IO.In, "stdin"
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, "", mesos.Errorf(mesos.NotFound, "read the cluster: %w", err)
		}
		defer file.Close()
		in, shown = file, name
	}
	data, err := io.ReadAll(io.LimitReader(in, simulate.MaxFileBytes+1))
	if err != nil {
		return nil, "", mesos.Errorf(mesos.Invalid, "read the cluster: %w", err)
	}
	return data, shown, nil
}
