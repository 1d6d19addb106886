package root

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/kinds/pick"
	"github.com/mesosctl/mesosctl/mesos"
)

// explainArguments has commands say what is missing, or too much, in their own words.
func explainArguments(cmd *cobra.Command) {
	for _, below := range cmd.Commands() {
		explainArguments(below)
	}
	check := cmd.Args
	if check == nil {
		return
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		err := check(cmd, args)
		if err == nil {
			return nil
		}
		usage := strings.TrimSuffix(cmd.UseLine(), " [flags]")
		for n := len(args) - 1; n >= 0; n-- {
			if check(cmd, args[:n]) == nil {
				return mesos.Errorf(mesos.Invalid, "%q is one argument too many: %s", args[n], usage)
			}
		}
		if len(args) > 0 && len(cmd.ValidArgs) > 0 {
			return unknownArgument(args[0], cmd.ValidArgs)
		}
		return mesos.Errorf(mesos.Invalid, "an argument is missing: %s", usage)
	}
}

func unknownArgument(text string, known []string) error {
	if meant := pick.Suggest(text, known); meant != "" {
		return mesos.Errorf(mesos.Invalid, "there is no %q; did you mean %s?", text, meant)
	}
	return mesos.Errorf(mesos.Invalid, "%q is none of %s", text, strings.Join(known, ", "))
}
