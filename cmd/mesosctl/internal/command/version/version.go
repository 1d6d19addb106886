// Package version is `mesosctl version`.
package version

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/build"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/output"
	"github.com/mesosctl/mesosctl/daemon"
)

// Version is what is printed.
type Version struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Mesos    string `json:"mesos"` // the version of Mesos that the daemons stand in for
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// New makes the command.
func New(a *app.App) *cobra.Command {
	format := output.Table
	cmd := &cobra.Command{
		Use:   "version [flags]",
		Short: "Print the version of this program",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return run(a, format) },
	}
	output.Flag(cmd, &format)
	return cmd
}

func run(a *app.App, format output.Format) error {
	v := Version{
		Version: build.Version, Revision: build.Revision(), Mesos: daemon.MesosVersion,
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	return output.Print(a.IO.Out, format, v, func() error {
		_, err := fmt.Fprintf(a.IO.Out, "mesosctl %s (Mesos %s, %s, %s)\n", v.Version, v.Mesos, v.Go, v.Platform)
		return err
	})
}
