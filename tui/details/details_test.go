package details

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/tui/internal/golden"
	"github.com/mesosctl/mesosctl/tui/internal/scene"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

var things = map[string]page.Ref{
	"task":      {Kind: page.Task, Framework: scene.Web, ID: scene.Running},
	"failed":    {Kind: page.Task, Framework: scene.Batch, ID: scene.Failed},
	"agent":     {Kind: page.Agent, ID: scene.Host2},
	"framework": {Kind: page.Framework, ID: scene.Web},
	"role":      {Kind: page.Role, ID: "eng"},
	"nested":    {Kind: page.Role, ID: "eng/batch"},
	"offer":     {Kind: page.Offer, ID: scene.Offer},
	"operation": {Kind: page.Operation, ID: scene.Operation},
	"machine":   {Kind: page.Machine, ID: scene.Machine},
	"master":    {Kind: page.Master, ID: "master1.example.com:5050"},
	"nothing":   {Kind: page.Agent, ID: "m-S99"},
}

func TestViews(t *testing.T) {
	s := scene.New(t)
	for _, size := range golden.Sizes {
		for name, ref := range things {
			p := New(s.Deps, ref)
			p.Init()
			p.Update(page.Size{Width: size.Width, Height: size.Height})
			golden.Equal(t, name+"_"+size.Name, p.View(size.Width, size.Height), size.Width, size.Height)
		}
		menu := Relations(s.Deps, things["framework"])
		width, height := menu.Box(size.Width-6, size.Height-4)
		golden.Equal(t, "relations_"+size.Name, menu.View(width, height), width, height)
	}
}

func TestYAMLViews(t *testing.T) {
	s := scene.New(t)
	for _, size := range golden.Sizes {
		for _, name := range []string{"task", "machine"} {
			p := YAML(s.Deps, things[name])
			p.Update(p.Init()())
			golden.Equal(t, "yaml_"+name+"_"+size.Name, p.View(size.Width, size.Height), size.Width, size.Height)
		}
	}
}

// Each relation is one key away.
func TestDigitsOpenRelations(t *testing.T) {
	s := scene.New(t)
	p := New(s.Deps, things["task"])
	p.Init()
	p.Update(page.Size{Width: 100, Height: 30})
	for digit, want := range map[rune]page.Ref{
		'1': {Kind: page.Agent, ID: scene.Host2}, '2': {Kind: page.Framework, ID: scene.Web}, '3': {Kind: page.Role, ID: "eng"},
	} {
		p.Update(tea.KeyPressMsg{Code: digit, Text: string(digit)})
		if opened, ok := s.Opened().(*Page); !ok || opened.Ref() != want {
			t.Errorf("%c opens %+v, want %+v", digit, opened, want)
		}
	}
	p.Update(tea.KeyPressMsg{Code: tea.KeyTab})
	p.Update(tea.KeyPressMsg{Code: tea.KeyTab})
	p.Update(tea.KeyPressMsg{Code: tea.KeyEnter})
	if opened, ok := s.Opened().(*Page); !ok || opened.Ref().Kind != page.Framework {
		t.Errorf("twice tab and enter open %+v", opened)
	}
}

// A description follows its thing, and stays when that is gone.
func TestADescriptionFollowsItsThing(t *testing.T) {
	s := scene.New(t)
	p := New(s.Deps, things["task"])
	p.Init()
	p.Update(page.Size{Width: 100, Height: 30})
	status := scene.Task(scene.Web, scene.Running, scene.Host2, mesospb.TaskState_TASK_FAILED).GetStatuses()[1]
	s.Apply(&masterpb.Event{Type: masterpb.Event_TASK_UPDATED.Enum(), TaskUpdated: &masterpb.Event_TaskUpdated{
		FrameworkId: &mesospb.FrameworkID{Value: new(scene.Web)}, Status: status, State: status.State,
	}})
	p.Update(page.Changed{})
	if view := p.View(100, 30); !strings.Contains(view, "TASK_FAILED") || !strings.Contains(view, "Command exited with status 1") {
		t.Errorf("after it failed:\n%s", view)
	}
	a := New(s.Deps, things["agent"])
	a.Init()
	a.Update(page.Size{Width: 100, Height: 30})
	s.Apply(&masterpb.Event{Type: masterpb.Event_AGENT_REMOVED.Enum(), AgentRemoved: &masterpb.Event_AgentRemoved{
		AgentId: &mesospb.AgentID{Value: new(scene.Host2)},
	}})
	a.Update(page.Changed{})
	if view := a.View(100, 30); !strings.Contains(view, "host2.example.com") || a.Count() == "" {
		t.Errorf("after it was removed (%q):\n%s", a.Count(), view)
	}
}

func TestSaving(t *testing.T) {
	s := scene.New(t)
	p := New(s.Deps, things["task"])
	p.Init()
	p.Update(page.Size{Width: 100, Height: 30})
	_, cmd := p.Update(tea.KeyPressMsg{Code: 's', Mod: tea.ModCtrl})
	if notice := cmd().(page.Notify); notice.Text != "saved to /home/me/web.1.txt" || !strings.Contains(s.Saved, "marathon (m-0000)") {
		t.Errorf("%+v: %q", notice, s.Saved)
	}
}
