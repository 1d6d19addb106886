package root

import (
	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
)

// An agent does not run on Windows.

func whereAgentsRun(*app.App) []*cobra.Command { return nil }

func linkedWhereAgentsRun(*app.App, string) *cobra.Command { return nil }
