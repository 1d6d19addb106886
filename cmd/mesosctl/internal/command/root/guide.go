package root

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/kinds"
	"github.com/mesosctl/mesosctl/kinds/pick"
	"github.com/mesosctl/mesosctl/mesos"
)

// elsewhere is what other programs call what this one has.
var elsewhere = map[string]string{
	"ps": "get tasks", "list": "get", "show": "describe", "inspect": "describe", "run": "execute", "start": "execute",
	"stop": "kill", "delete": "kill", "rm": "kill", "cordon": "deactivate", "uncordon": "reactivate", "info": "status",
	"ssh": "exec", "sh": "exec", "tail": "logs", "log": "logs", "stats": "metrics", "monitor": "top", "ui": "top", "context": "config",
	"use": "config use-context", "why": "explain", "head": "cat", "browse": "ls",
}

// isGroup reports whether a command is only there for those below it.
func isGroup(cmd *cobra.Command) bool { return cmd.HasSubCommands() && cmd.Annotations[group] != "" }

// group marks commands of which isGroup is true.
const group = "group"

// guide has groups say what there is when they are given a word that they don't know.
func guide(cmd *cobra.Command) {
	for _, below := range cmd.Commands() {
		guide(below)
	}
	if !cmd.HasSubCommands() || cmd.Runnable() {
		return
	}
	cmd.Annotations = map[string]string{group: "true"}
	cmd.Args = cobra.ArbitraryArgs
	cmd.ValidArgsFunction = cobra.NoFileCompletions
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return unknown(cmd, args[0])
	}
}

// unknown is the error of a word that is none of a group's commands.
func unknown(cmd *cobra.Command, word string) error {
	path := strings.TrimPrefix(cmd.CommandPath()+" ", cmd.Root().Name()+" ")
	var names []string
	for _, below := range cmd.Commands() {
		if below.IsAvailableCommand() {
			names = append(append(names, below.Name()), below.Aliases...)
		}
	}
	meant := pick.Suggest(word, names)
	if !cmd.HasParent() {
		if other := elsewhere[word]; other != "" && (meant == "" || meant[0] != word[0]) {
			first, _, _ := strings.Cut(other, " ")
			if known, _, err := cmd.Find([]string{first}); err == nil && known != cmd {
				meant = other
			}
		}
		if kind, err := kinds.Find(word); err == nil && (meant == "" || len(word) > 2) {
			meant = "get " + kind.Name
		}
	}
	if meant != "" {
		return mesos.Errorf(mesos.Invalid, "there is no command '%s%s'; did you mean '%s%s'?", path, word, path, meant)
	}
	return mesos.Errorf(mesos.Invalid, "there is no command '%s%s'; there is %s", path, word, strings.Join(names, ", "))
}
