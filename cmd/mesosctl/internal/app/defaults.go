package app

import (
	"maps"

	"github.com/spf13/cobra"
)

// Marks that a command bears of what it is like.
const (
	// paged is one whose output may be long: a person reads it in a pager.
	paged = "paged"
	// places is one whose --role says for whom something is to be: a context has a
	// default for it.
	places = "places"
)

// Paged has a person read the command's output in a pager.
func Paged(cmd *cobra.Command) *cobra.Command { return mark(cmd, paged) }

// Places has the command's --role be that of the context, unless it is given.
func Places(cmd *cobra.Command) *cobra.Command { return mark(cmd, places) }

func mark(cmd *cobra.Command, name string) *cobra.Command {
	marks := map[string]string{name: "true"}
	maps.Copy(marks, cmd.Annotations)
	cmd.Annotations = marks
	return cmd
}

// Prepare does what is to be done before a command runs: the defaults of the
// context go into flags that were not given, and a pager is started if the command
// has a long output. stop is to be called after the command has run.
func (a *App) Prepare(cmd *cobra.Command) (stop func()) {
	a.fill(cmd)
	if a.NoPager || cmd.Annotations[paged] == "" || isSet(cmd, "watch") || isSet(cmd, "follow") {
		return func() {}
	}
	return a.IO.Page(a.Getenv)
}

func isSet(cmd *cobra.Command, name string) bool {
	f := cmd.Flags().Lookup(name)
	return f != nil && f.Value.String() == "true"
}

// fill fills in defaults. What is wrong with the context is said when it is used;
// a form of output that the command does not have is not meant for it.
func (a *App) fill(cmd *cobra.Command) {
	master := cmd.Flags().Lookup("master")
	if master == nil {
		return
	}
	target, err := a.target(master.Value.String())
	if err != nil || target.Context == nil {
		return
	}
	values := map[string]string{"output": target.Context.Output}
	if cmd.Annotations[places] != "" {
		values["role"] = target.Context.Role
	}
	for name, value := range values {
		if f := cmd.Flags().Lookup(name); f != nil && !f.Changed && value != "" {
			_ = f.Value.Set(value)
		}
	}
}
