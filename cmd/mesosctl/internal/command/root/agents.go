//go:build !windows

package root

import (
	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/agent"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/down"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/up"
)

// whereAgentsRun is the commands of systems on which an agent runs.
func whereAgentsRun(a *app.App) []*cobra.Command {
	return []*cobra.Command{agent.New(a), up.New(a), down.New(a)}
}

func linkedWhereAgentsRun(a *app.App, name string) *cobra.Command {
	switch name {
	case "mesos-agent", "mesos-slave":
		return agent.New(a)
	case "mesos-local":
		return up.New(a)
	}
	return nil
}
