// Package keymap is every key of the live terminal UI, in one place. The help and
// the documentation are made of it. The keys are those of k9s where it has them.
package keymap

import "charm.land/bubbles/v2/key"

// Map is the keys. A page uses these bindings, and has none of its own.
type Map struct {
	// Everywhere.
	Command, Filter, Help, Back, Enter, Quit, Suspend key.Binding
	// Moving.
	Up, Down, Left, Right, PageUp, PageDown, Top, Bottom, NextTab, PrevTab key.Binding
	// Lists.
	Mark, MarkAll, Sort, SortReverse, Wide, Finished, Refresh, Save, Copy key.Binding
	// What can be done with things.
	Describe, YAML, Relations, Logs, Sandbox, Shell, Explain, Kill, Drain, Deactivate, Reactivate, Teardown, MarkGone key.Binding
	// Text and logs.
	Wrap, Follow, Timestamps, NextMatch, PrevMatch, Stream, Clear key.Binding
	// Questions.
	Yes, No key.Binding
}

func bind(keys []string, label, what string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(label, what))
}

func one(k, what string) key.Binding { return bind([]string{k}, k, what) }

// New returns the keys.
func New() *Map {
	return &Map{
		Command: one(":", "command"),
		Filter:  one("/", "filter"),
		Help:    one("?", "help"),
		Back:    one("esc", "back"),
		Enter:   one("enter", "open"),
		Quit:    bind([]string{"q", "ctrl+c"}, "q", "quit"),
		Suspend: bind([]string{"ctrl+z"}, "ctrl-z", "back to the shell; fg comes back"),

		Up:       bind([]string{"up", "k"}, "↑/k", "up"),
		Down:     bind([]string{"down", "j"}, "↓/j", "down"),
		Left:     bind([]string{"left", "h"}, "←/h", "left"),
		Right:    bind([]string{"right"}, "→", "right"),
		PageUp:   bind([]string{"pgup", "ctrl+b"}, "pgup", "page up"),
		PageDown: bind([]string{"pgdown", "ctrl+f"}, "pgdn", "page down"),
		Top:      bind([]string{"home", "g"}, "g", "to the top"),
		Bottom:   bind([]string{"end", "G"}, "G", "to the bottom"),
		NextTab:  one("tab", "next part"),
		PrevTab:  one("shift+tab", "previous part"),

		Mark:        bind([]string{"space"}, "space", "mark"),
		MarkAll:     bind([]string{"ctrl+space", "ctrl+@"}, "ctrl-space", "mark all, or none"),
		Sort:        bind(nil, "shift-letter", "sort by the column with that letter"),
		SortReverse: one("~", "reverse the order"),
		Wide:        bind([]string{"ctrl+w"}, "ctrl-w", "more columns"),
		Finished:    one("a", "all or alive"),
		Refresh:     bind([]string{"ctrl+r"}, "ctrl-r", "ask again"),
		Save:        bind([]string{"ctrl+s"}, "ctrl-s", "save to a file"),
		Copy:        one("c", "copy the ID"),

		Describe:   one("d", "describe"),
		YAML:       one("y", "YAML"),
		Relations:  one("r", "relations"),
		Logs:       one("l", "logs"),
		Sandbox:    one("b", "sandbox"),
		Shell:      one("s", "shell"),
		Explain:    one("e", "explain"),
		Kill:       bind([]string{"ctrl+k"}, "ctrl-k", "kill"),
		Drain:      bind([]string{"ctrl+d"}, "ctrl-d", "drain"),
		Deactivate: bind([]string{"ctrl+x"}, "ctrl-x", "deactivate"),
		Reactivate: bind([]string{"ctrl+o"}, "ctrl-o", "reactivate"),
		Teardown:   bind([]string{"ctrl+k"}, "ctrl-k", "tear down"),
		MarkGone:   bind([]string{"ctrl+g"}, "ctrl-g", "mark gone"),

		Wrap:       one("w", "wrap"),
		Follow:     one("f", "follow"),
		Timestamps: one("t", "times"),
		NextMatch:  one("n", "next match"),
		PrevMatch:  one("N", "previous match"),
		Stream:     one("o", "stdout or stderr"),
		Clear:      one("C", "clear"),

		Yes: one("y", "yes"),
		No:  bind([]string{"n", "esc"}, "n", "no"),
	}
}

// Group is keys that belong together.
type Group struct {
	Title string
	Keys  []key.Binding
}

// Groups are all keys, in the order of the help.
func (m *Map) Groups() []Group {
	return []Group{
		{"everywhere", []key.Binding{m.Command, m.Filter, m.Help, m.Enter, m.Back, m.Quit, m.Suspend}},
		{"moving", []key.Binding{m.Up, m.Down, m.Left, m.Right, m.PageUp, m.PageDown, m.Top, m.Bottom, m.NextTab, m.PrevTab}},
		{"lists", []key.Binding{m.Sort, m.SortReverse, m.Mark, m.MarkAll, m.Finished, m.Wide, m.Save, m.Copy, m.Refresh}},
		{"things", []key.Binding{
			m.Describe, m.YAML, m.Relations, m.Logs, m.Sandbox, m.Shell, m.Explain, m.Kill, m.Teardown, m.Drain, m.Deactivate, m.Reactivate, m.MarkGone,
		}},
		{"text and logs", []key.Binding{m.Follow, m.Wrap, m.Timestamps, m.Stream, m.NextMatch, m.PrevMatch, m.Clear}},
		{"questions", []key.Binding{m.Yes, m.No}},
	}
}
