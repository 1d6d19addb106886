package verbs

import (
	"context"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/mesosctl/mesosctl/kinds/taskref"
	"github.com/mesosctl/mesosctl/tui/component/question"
	"github.com/mesosctl/mesosctl/tui/internal/scene"
	"github.com/mesosctl/mesosctl/tui/page"
)

func task(framework, id string) page.Ref {
	return page.Ref{Kind: page.Task, Framework: framework, ID: id}
}

// do does a verb by its name.
func do(t *testing.T, s *scene.Scene, name string, refs ...page.Ref) tea.Msg {
	t.Helper()
	shell := func(context.Context, *taskref.Task) tea.ExecCommand { return nil }
	for _, v := range All(s.Deps.Keys, shell) {
		if v.Name == name {
			cmd := page.Do(s.Deps, v, refs)
			if p := s.Opened(); p != nil {
				return page.Push{Page: p}
			}
			if cmd == nil {
				t.Fatalf("%s does nothing", name)
			}
			return cmd()
		}
	}
	t.Fatalf("there is no verb %s", name)
	return nil
}

// What is destroyed is asked for first, and named.
func TestQuestionsNameWhatDies(t *testing.T) {
	agents := []page.Ref{{Kind: page.Agent, ID: scene.Host1}, {Kind: page.Agent, ID: scene.Host2}}
	for name, test := range map[string]struct {
		refs []page.Ref
		says []string
	}{
		"kill": {
			[]page.Ref{task(scene.Web, "web.1"), task(scene.Web, "web.2"), task(scene.Batch, scene.Failed)},
			[]string{"Kill 2 tasks?", "task web.1 of marathon on host2.example.com", "task web.2 of marathon on host1.example.com"},
		},
		"teardown":   {[]page.Ref{{Kind: page.Framework, ID: scene.Web}}, []string{"Tear down 1 framework?", "framework marathon (m-0000) with 30 tasks"}},
		"drain":      {agents, []string{"Drain 2 agents?", "agent host1.example.com (m-S1) with 15 tasks", "agent host2.example.com (m-S2) with 15 tasks"}},
		"deactivate": {agents[:1], []string{"Deactivate 1 agent?", "tasks go on"}},
		"reactivate": {agents[:1], []string{"Reactivate 1 agent?"}},
		"mark-gone":  {agents[:1], []string{"Give up 1 agent for good?", "never register again"}},
	} {
		push, ok := do(t, scene.New(t), name, test.refs...).(page.Push)
		if !ok {
			t.Errorf("%s does not ask", name)
			continue
		}
		view := strings.Join(strings.Fields(ansi.Strip(push.Page.(*question.Question).View(100, 20))), " ")
		for _, want := range test.says {
			if !strings.Contains(view, want) {
				t.Errorf("%s asks %q, without %q", name, view, want)
			}
		}
	}
}

func TestNothingIsChangedInReadOnlyMode(t *testing.T) {
	s := scene.New(t)
	s.Deps.ReadOnly = true
	refs := map[page.Kind]page.Ref{
		page.Task: task(scene.Web, "web.1"), page.Agent: {Kind: page.Agent, ID: scene.Host1}, page.Framework: {Kind: page.Framework, ID: scene.Web},
	}
	for _, v := range All(s.Deps.Keys, func(context.Context, *taskref.Task) tea.ExecCommand { return nil }) {
		notice, refused := do(t, s, v.Name, refs[v.Kinds[0]]).(page.Notify)
		if refused != v.Writes || refused && !strings.Contains(notice.Text, "read-only") {
			t.Errorf("%s: refused %v: %q", v.Name, refused, notice.Text)
		}
	}
}

func TestWhyNot(t *testing.T) {
	s := scene.New(t)
	for _, test := range []struct {
		verb string
		ref  page.Ref
		want string
	}{
		{"shell", task(scene.Batch, scene.Failed), "does not run any more: TASK_FAILED"},
		{"shell", task(scene.Web, "nobody"), "no task nobody any more"},
		{"kill", task(scene.Batch, scene.Failed), "nothing of it runs any more"},
		{"logs", task(scene.Web, "nobody"), "no task nobody any more"},
		{"sandbox", task(scene.Web, "nobody"), "no task nobody any more"},
		{"drain", page.Ref{Kind: page.Agent, ID: "m-S9"}, "not registered any more"},
		{"teardown", page.Ref{Kind: page.Framework, ID: "m-9999"}, "over already"},
	} {
		notice, ok := do(t, s, test.verb, test.ref).(page.Notify)
		if !ok || !strings.Contains(notice.Text, test.want) {
			t.Errorf("%s says %+v, want %q", test.verb, notice, test.want)
		}
	}
}

// A question answered with yes is done, and what failed is told.
func TestWhatFailedIsTold(t *testing.T) {
	s := scene.New(t) // its master can't be reached
	cmd := perform(s.Deps, "2 agents draining", []action{
		{"agent a", func(context.Context) error { return context.Canceled }},
		{"agent b", func(context.Context) error { return nil }},
	})
	if notice := cmd().(page.Notify); notice.Level != page.Bad || notice.Text != "agent a: context canceled" {
		t.Errorf("%+v", notice)
	}
	if notice := perform(s.Deps, "done", nil)().(page.Notify); notice.Level != page.Good || notice.Text != "done" {
		t.Errorf("%+v", notice)
	}
}
