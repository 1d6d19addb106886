package root

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/complete"
)

// arguments is what the arguments of commands are names of.
func arguments(a *app.App) map[string]cobra.CompletionFunc {
	tasks, agents := complete.Names(a, complete.Tasks), complete.Names(a, complete.Agents)
	task, agent := complete.First(a, complete.Tasks, false), complete.First(a, complete.Agents, false)
	framework, role := complete.First(a, complete.Frameworks, false), complete.First(a, complete.Roles, false)
	taskThenFiles := complete.First(a, complete.Tasks, true)
	return map[string]cobra.CompletionFunc{
		"get": complete.OfKind(a), "describe": complete.OfKind(a), "explain": framework, "teardown": framework,
		"logs": tasks, "kill": tasks, "attach": task, "exec": taskThenFiles, "cat": complete.Places(a, false), "ls": complete.Places(a, false), "cp": complete.Places(a, true),
		"drain": agent, "deactivate": agent, "reactivate": agent, "mark-gone": agent, "reserve": agent, "unreserve": agent,
		"volume create": agent, "volume destroy": agent, "volume grow": agent, "volume shrink": agent,
		"quota get": complete.Names(a, complete.Roles), "quota set": role, "quota remove": role,
		"weight get": complete.Names(a, complete.Roles), "weight remove": complete.Names(a, complete.Roles),
		"maintenance schedule": agents, "maintenance cancel": agents, "maintenance start": agents, "maintenance stop": agents,
		"maintenance status": agents,
	}
}

// flagNames is what the values of flags are names of, in every command that talks
// to a cluster.
var flagNames = map[string]string{
	"role": complete.Roles, "agent": complete.Agents, "framework": complete.Frameworks,
}

// completeNames has a shell complete the names of what a cluster has.
func completeNames(a *app.App, root *cobra.Command) {
	known := arguments(a)
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		path := strings.TrimPrefix(cmd.CommandPath(), root.Name()+" ")
		if f := known[path]; f != nil && cmd.ValidArgsFunction == nil {
			cmd.ValidArgsFunction = f
		}
		if cmd.Flags().Lookup("timeout") != nil && cmd.Flags().Lookup("master") != nil {
			for flag, kind := range flagNames {
				if _, done := cmd.GetFlagCompletionFunc(flag); !done && cmd.Flags().Lookup(flag) != nil {
					complete.Flag(a, cmd, flag, kind)
				}
			}
		}
		if cmd.Flags().Lookup("output") != nil {
			_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions( // it was not yet
				[]string{"table", "wide", "json", "yaml", "name", "jsonpath=", "go-template="}, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace))
		}
		for _, below := range cmd.Commands() {
			visit(below)
		}
	}
	visit(root)
}
