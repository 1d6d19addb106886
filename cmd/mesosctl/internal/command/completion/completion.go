// Package completion is `mesosctl completion`.
package completion

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
)

// Shells are the shells that completions are made for.
var Shells = []string{"bash", "zsh", "fish", "powershell"}

// New makes the command.
func New(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use:       "completion {bash|zsh|fish|powershell}",
		Short:     "Print the completion script of a shell",
		Example:   "  source <(mesosctl completion bash)",
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: Shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			return Write(cmd.Root(), args[0], a.IO.Out)
		},
	}
}

// Write writes the completion script of a shell.
func Write(root *cobra.Command, shell string, w io.Writer) error {
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(w, true)
	case "zsh":
		return root.GenZshCompletion(w)
	case "fish":
		return root.GenFishCompletion(w, true)
	default:
		return root.GenPowerShellCompletionWithDesc(w)
	}
}
