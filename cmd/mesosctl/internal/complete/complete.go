// Package complete completes names of a cluster's things in a shell. An answer
// comes at once or not at all: a shell must never hang on a cluster that does not
// answer.
package complete

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/kinds"
	"github.com/mesosctl/mesosctl/mesos"
)

const (
	// within is how long a cluster may take to answer, its names being looked up and
	// its connections included. With the start of the process it is less than 200 ms.
	within = 150 * time.Millisecond
	// limit is how many names are of any use.
	limit = 100
)

// Kinds of names.
const (
	Agents     = "agents"
	Tasks      = "tasks"
	Frameworks = "frameworks"
	Roles      = "roles"
)

// Names completes every argument of a command with names of a kind.
func Names(a *app.App, kind string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
		return find(a, cmd, kind, text, args), cobra.ShellCompDirectiveNoFileComp
	}
}

// First completes the first argument with names of a kind, and leaves the others to
// the shell if files is set.
func First(a *app.App, kind string, files bool) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
		switch {
		case len(args) == 0:
			return find(a, cmd, kind, text, nil), cobra.ShellCompDirectiveNoFileComp
		case files:
			return nil, cobra.ShellCompDirectiveDefault
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// OfKind completes a kind, and then names of it.
func OfKind(a *app.App) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return describedKinds(), cobra.ShellCompDirectiveNoFileComp
		}
		kind, err := kinds.Find(args[0])
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return find(a, cmd, named(kind.Name), text, args[1:]), cobra.ShellCompDirectiveNoFileComp
	}
}

// named is the kind by whose names things of a kind are called.
func named(kind string) string {
	switch kind {
	case "quota", "weights":
		return Roles
	case "maintenance":
		return Agents
	}
	return kind
}

func describedKinds() []string {
	var list []string
	for _, k := range kinds.All() {
		list = append(list, cobra.CompletionWithDesc(k.Name, k.Short))
	}
	return list
}

// Flag completes the values of a command's flag with names of a kind.
func Flag(a *app.App, cmd *cobra.Command, flag, kind string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, Names(a, kind)); err != nil {
		panic("complete: " + err.Error())
	}
}

// find finds the names that text may begin and that are not given already.
func find(a *app.App, cmd *cobra.Command, kind, text string, given []string) []string {
	return inTime(a, cmd, func(ctx context.Context, c *client.Client) []string {
		names, err := c.Names(ctx, kind, text, limit)
		if err != nil {
			return nil
		}
		return choices(kind, names, text, given)
	})
}

// inTime is what a cluster is found to have, or nothing if that takes too long.
func inTime(a *app.App, cmd *cobra.Command, ask func(context.Context, *client.Client) []string) []string {
	deadline := time.After(within)
	found := make(chan []string, 1)
	go func() {
		ctx, cancel := context.WithTimeout(cmd.Context(), within)
		defer cancel()
		if c := connect(a, cmd); c != nil {
			found <- ask(ctx, c)
		} else {
			found <- nil
		}
	}()
	select {
	case words := <-found:
		return words
	case <-deadline:
		return nil // the process ends, and with it whatever is under way
	}
}

// connect makes a client of the cluster that is meant; nil if none is.
func connect(a *app.App, cmd *cobra.Command) *client.Client {
	master := ""
	if f := cmd.Flags().Lookup("master"); f != nil {
		master = f.Value.String()
	}
	target, err := a.FindCluster(master)
	if err != nil || len(target.Masters) == 0 {
		return nil
	}
	c, err := client.New(target.Config())
	if err != nil {
		return nil
	}
	return c
}

// choices are what can be typed for some things, in the way in which text begins:
// what they are called if nothing else is called that, else their ID, of which the
// end is enough if masters gave it.
func choices(kind string, names []mesos.Named, text string, given []string) []string {
	words := func(n mesos.Named) []string {
		if kind == Agents || kind == Frameworks {
			return []string{n.Name, n.Short(), n.ID}
		}
		return []string{n.Name, n.ID}
	}
	called := map[string]int{}
	for _, n := range names {
		for _, word := range words(n) {
			called[word]++
		}
	}
	var list []string
	for _, n := range names {
		if slices.ContainsFunc(words(n), func(word string) bool { return slices.Contains(given, word) }) {
			continue
		}
		for _, word := range words(n) {
			if word != "" && called[word] == 1 && strings.HasPrefix(word, text) && plain(word) {
				list = append(list, cobra.CompletionWithDesc(word, about(n, word)))
				break
			}
		}
	}
	return list
}

// plain reports whether a shell takes a word as it is.
func plain(word string) bool {
	return !strings.ContainsAny(word, " \t\n\"'`$\\|&;<>(){}*?!#") || word == mesos.AnyRole
}

func about(n mesos.Named, word string) string {
	var parts []string
	for _, part := range []string{n.Name, n.Short(), n.About} {
		if part != "" && part != word && part != n.ID {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}
