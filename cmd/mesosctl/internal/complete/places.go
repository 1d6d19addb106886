package complete

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/kinds/taskref"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Places completes TASK:PATH arguments: the names of tasks, and after a colon what is
// in their sandboxes. After the first argument what is no such place may also be a
// local file, if files is set.
func Places(a *app.App, files bool) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
		task, below, inside := strings.Cut(text, ":")
		switch {
		case inside:
			words := inTime(a, cmd, func(ctx context.Context, c *client.Client) []string { return entries(ctx, c, task, below) })
			if slices.ContainsFunc(words, func(word string) bool { return strings.HasSuffix(word, "/") }) {
				return words, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
			}
			return words, cobra.ShellCompDirectiveNoFileComp
		case len(args) > 0 && files:
			return nil, cobra.ShellCompDirectiveDefault
		}
		return find(a, cmd, Tasks, text, args), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

// entries are the files of a task's sandbox that a path may begin, hidden ones only if
// it begins with a dot. Directories end in a slash.
func entries(ctx context.Context, c *client.Client, task, text string) []string {
	finder, err := taskref.New(ctx, c)
	if err != nil {
		return nil
	}
	found, err := finder.Any(task)
	if err != nil {
		return nil
	}
	dir, begin := path.Split(text)
	infos, err := found.Agent.Files().Browse(ctx, path.Join(found.Sandbox(), path.Clean("/"+dir)))
	if err != nil {
		return nil
	}
	return typed(task+":"+dir, begin, infos)
}

// typed are files as they are typed.
func typed(before, begin string, infos []*mesospb.FileInfo) []string {
	var list []string
	for _, info := range infos {
		name := path.Base(info.GetPath())
		if !strings.HasPrefix(name, begin) || begin == "" && strings.HasPrefix(name, ".") || strings.ContainsAny(name, "\t\n\r") {
			continue
		}
		if taskref.IsDirectory(info) {
			name += "/"
		}
		list = append(list, before+name)
	}
	slices.Sort(list)
	return list[:min(len(list), limit)]
}
