// Package verbs is what the live terminal UI can do with the things it lists: look at
// them in other ways, and end them, after a question that names what dies.
package verbs

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/kinds/taskref"
	"github.com/mesosctl/mesosctl/tui/details"
	"github.com/mesosctl/mesosctl/tui/keymap"
	"github.com/mesosctl/mesosctl/tui/logs"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/sandbox"
)

// Shell makes what runs a shell in a task's container, on the terminal that the UI
// leaves for it.
type Shell func(ctx context.Context, task *taskref.Task) tea.ExecCommand

var everything = []page.Kind{
	page.Task, page.Agent, page.Framework, page.Role, page.Offer, page.Operation, page.Machine, page.Master,
}

// All are the verbs, in the order of the help. Without a shell there is none to open.
func All(k *keymap.Map, shell Shell) []page.Verb {
	tasks, agents, frameworks := []page.Kind{page.Task}, []page.Kind{page.Agent}, []page.Kind{page.Framework}
	verbs := []page.Verb{
		{Name: "describe", Key: k.Describe, Kinds: everything, Do: one(func(d *page.Deps, ref page.Ref) (page.Page, error) { return details.New(d, ref), nil })},
		{Name: "yaml", Key: k.YAML, Kinds: everything, Do: one(func(d *page.Deps, ref page.Ref) (page.Page, error) { return details.YAML(d, ref), nil })},
		{Name: "relations", Key: k.Relations, Kinds: everything, Do: relations},
		{Name: "logs", Key: k.Logs, Kinds: tasks, Many: true, Do: func(d *page.Deps, refs []page.Ref) tea.Cmd {
			p, err := logs.New(d, refs)
			return push(d, p, err)
		}},
		{Name: "sandbox", Key: k.Sandbox, Kinds: tasks, Do: one(func(d *page.Deps, ref page.Ref) (page.Page, error) { return sandbox.New(d, ref) })},
		{Name: "explain", Key: k.Explain, Kinds: frameworks, Do: one(func(d *page.Deps, ref page.Ref) (page.Page, error) { return details.Explain(d, ref.ID), nil })},
	}
	if shell != nil {
		verbs = append(verbs, page.Verb{Name: "shell", Key: k.Shell, Kinds: tasks, Writes: true, Do: func(d *page.Deps, refs []page.Ref) tea.Cmd {
			return open(d, refs[0], shell)
		}})
	}
	return append(
		verbs,
		page.Verb{Name: "kill", Key: k.Kill, Kinds: tasks, Many: true, Writes: true, Do: kill},
		page.Verb{Name: "teardown", Key: k.Teardown, Kinds: frameworks, Many: true, Writes: true, Do: teardown},
		page.Verb{Name: "drain", Key: k.Drain, Kinds: agents, Many: true, Writes: true, Do: drain},
		page.Verb{Name: "deactivate", Key: k.Deactivate, Kinds: agents, Many: true, Writes: true, Do: deactivate},
		page.Verb{Name: "reactivate", Key: k.Reactivate, Kinds: agents, Many: true, Writes: true, Do: reactivate},
		page.Verb{Name: "mark-gone", Key: k.MarkGone, Kinds: agents, Many: true, Writes: true, Do: markGone},
	)
}

// one is a verb that opens a page of one thing.
func one(open func(*page.Deps, page.Ref) (page.Page, error)) func(*page.Deps, []page.Ref) tea.Cmd {
	return func(d *page.Deps, refs []page.Ref) tea.Cmd {
		p, err := open(d, refs[0])
		return push(d, p, err)
	}
}

// push opens a page unless there is none.
func push(d *page.Deps, p page.Page, err error) tea.Cmd {
	if err != nil {
		return page.Fail(err)
	}
	d.Open(p)
	return nil
}
