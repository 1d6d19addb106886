package allocator

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

var update = flag.Bool("update", false, "rewrite testdata with what happens now")

// TestStories runs every transcript of testdata: each line that begins with ">"
// is told to an allocator, and the lines after it are what it answered.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := tell(Config{MinAllocatable: DefaultMinAllocatable()}, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(text), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		})
	}
}

// tell runs a story and returns it with the answers as they are now.
func tell(config Config, text string) string {
	var b strings.Builder
	s := newStory(config)
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "> "):
			fmt.Fprintln(&b, line)
			for _, answer := range s.tell(strings.TrimPrefix(line, "> ")) {
				fmt.Fprintln(&b, answer)
			}
		case strings.HasPrefix(line, "! "):
			s = newStory(configured(config, strings.Fields(line)[1:]))
			fmt.Fprintln(&b, line)
		case line == "" || strings.HasPrefix(line, "#"):
			fmt.Fprintln(&b, line)
		}
	}
	return b.String()
}

// configured is a configuration with some options changed.
func configured(config Config, options []string) Config {
	for _, option := range options {
		switch name, value, _ := strings.Cut(option, "="); name {
		case "roles":
			config.RoleSorter = must(ParseSorter(value))
		case "frameworks":
			config.FrameworkSorter = must(ParseSorter(value))
		case "seed":
			config.Seed = must(strconv.ParseUint(value, 10, 64))
		}
	}
	return config
}

// story is an allocator that is told what happens in words, and ticks itself as
// its shell would: whenever Next is due and nothing else is left to tell.
type story struct {
	al    *Allocator
	start time.Time
	now   time.Time
}

func newStory(config Config) *story {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return &story{al: New(config), start: start, now: start}
}

// tell takes commands joined by " & " and then ticks. The last may be "wait 5s".
func (s *story) tell(line string) []string {
	var answers []string
	for command := range strings.SplitSeq(line, " & ") {
		if wait, ok := strings.CutPrefix(command, "wait "); ok {
			return append(answers, s.wait(must(time.ParseDuration(wait)))...)
		}
		if asked, ok := strings.CutPrefix(command, "explain "); ok {
			answers = append(answers, s.explain(strings.Fields(asked))...)
			continue
		}
		answers = append(answers, s.step(s.input(strings.Fields(command)))...)
	}
	return append(answers, s.wait(0)...)
}

// wait ticks whenever it is due until the time is over.
func (s *story) wait(d time.Duration) []string {
	var answers []string
	end := s.now.Add(d)
	for {
		next := s.al.Next()
		if next.IsZero() || next.After(end) {
			s.now = end
			return answers
		}
		s.now = later(s.now, next)
		for _, answer := range s.step(allocation.Tick{}) {
			if d > 0 {
				answer = fmt.Sprintf("at %v: %s", s.now.Sub(s.start), answer)
			}
			answers = append(answers, answer)
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (s *story) step(in allocation.Input) []string {
	var answers []string
	for _, out := range s.al.Step(s.now, in) {
		switch out := out.(type) {
		case allocation.OffersReady:
			for _, o := range out.Offers {
				answers = append(answers, fmt.Sprintf("%s is offered %s for %s: %s", out.Framework, o.Agent, o.Role, words(o.Resources.Unallocate())))
			}
		case allocation.InverseOffersReady:
			for _, o := range out.Agents {
				answers = append(answers, fmt.Sprintf("%s is asked to leave %s", out.Framework, o.Agent))
			}
		case allocation.Refused:
			answers = append(answers, "refused: "+out.Err.Error())
		}
	}
	return answers
}

// explain answers "framework role agent", of which agent may be left out.
func (s *story) explain(words []string) []string {
	agent := ""
	if len(words) > 2 {
		agent = words[2]
	}
	list, err := s.al.Explain(mesos.FrameworkID(words[0]), words[1], mesos.AgentID(agent))
	if err != nil {
		return []string{err.Error()}
	}
	x := list[0]
	var answers []string
	if x.Offerable.Agents > 0 {
		answers = append(answers, fmt.Sprintf("offerable: %v of %d agents", x.Offerable.Resources, x.Offerable.Agents))
	}
	for _, r := range x.Reasons {
		answers = append(answers, fmt.Sprintf("%s keeps %v of %d agents: %s\ntry: %s", r.Rule, r.Resources, r.Agents, r.Sentence, r.Advice))
	}
	return answers
}

// input is a command's input. Words with "=" are options.
func (s *story) input(words []string) allocation.Input {
	options := map[string]string{}
	words = slices.DeleteFunc(words, func(w string) bool {
		name, value, ok := strings.Cut(w, "=")
		if ok {
			options[name] = value
		}
		return ok
	})
	verb, words := words[0], words[1:]
	framework, agent := mesos.FrameworkID(words[0]), mesos.AgentID(words[0])
	switch verb {
	case "framework":
		return allocation.AddFramework{Framework: frameworkOf(words, options), Active: options["active"] != "no"}
	case "subscribe":
		return allocation.UpdateFramework{Framework: frameworkOf(words, options)}
	case "remove":
		return allocation.RemoveFramework{ID: framework}
	case "activate":
		return allocation.ActivateFramework{ID: framework}
	case "deactivate":
		return allocation.DeactivateFramework{ID: framework}
	case "agent":
		return allocation.AddAgent{Agent: agentOf(words, options), Used: grantsOf(options["used"])}
	case "update":
		return allocation.UpdateAgent{Agent: agentOf(words, options)}
	case "lose":
		return allocation.RemoveAgent{ID: agent}
	case "drain":
		return allocation.DeactivateAgent{ID: agent}
	case "undrain":
		return allocation.ActivateAgent{ID: agent}
	case "decline":
		refuse := 5 * time.Second
		if text, ok := options["refuse"]; ok {
			refuse = must(time.ParseDuration(text))
		}
		return allocation.Recover{Grant: grantOf(words), Refuse: refuse, Declined: true}
	case "free":
		return allocation.Recover{Grant: grantOf(words)}
	case "hold":
		return allocation.Hold{Grant: grantOf(words)}
	case "convert":
		in := allocation.UpdateAllocation{Grant: grantOf(words)}
		if len(words) > 4 {
			in.Converted = parse(words[4]).Allocate(words[2])
		}
		return in
	case "revive":
		return allocation.Revive{ID: framework, Roles: words[1:]}
	case "suppress":
		return allocation.Suppress{ID: framework, Roles: words[1:]}
	case "weight":
		return allocation.UpdateWeights{Weights: map[string]float64{words[0]: must(strconv.ParseFloat(words[1], 64))}}
	case "quota":
		return allocation.UpdateQuota{Role: words[0], Quota: quotaOf(options)}
	case "maintain":
		return allocation.UpdateUnavailability{ID: agent, Unavailability: &allocation.Unavailability{Start: s.now.Add(time.Hour)}}
	case "unmaintain":
		return allocation.UpdateUnavailability{ID: agent}
	case "stay":
		refuse := 5 * time.Second
		if text, ok := options["refuse"]; ok {
			refuse = must(time.ParseDuration(text))
		}
		return allocation.InverseOfferAnswered{Framework: framework, Agent: mesos.AgentID(words[1]), Refuse: refuse}
	case "whitelist":
		hosts := map[string]bool{}
		for _, host := range words {
			hosts[host] = true
		}
		return allocation.UpdateWhitelist{Hostnames: hosts}
	case "tick":
		return allocation.Tick{}
	}
	panic("no such command: " + verb)
}

var capabilities = map[string]allocation.Capability{
	"gpu": allocation.GPUResources, "region": allocation.RegionAware, "shared": allocation.SharedResources,
	"revocable": allocation.RevocableResources, "refined": allocation.ReservationRefinement,
}

func frameworkOf(words []string, options map[string]string) *allocation.Framework {
	f := &allocation.Framework{ID: mesos.FrameworkID(words[0]), Roles: words[1:]}
	for name := range strings.SplitSeq(options["can"], ",") {
		f.Capabilities |= capabilities[name]
	}
	if roles := options["suppressed"]; roles != "" {
		f.Suppressed = strings.Split(roles, ",")
	}
	if rack, ok := options["on"]; ok {
		f.Constraints = map[string]allocation.Constraints{}
		for _, role := range f.Roles {
			f.Constraints[role] = onRack(rack)
		}
	}
	if text, ok := options["min"]; ok {
		f.MinAllocatable = map[string][]resources.Quantities{}
		for _, role := range f.Roles {
			f.MinAllocatable[role] = nil
			if text != "" {
				f.MinAllocatable[role] = []resources.Quantities{must(resources.ParseQuantities(text))}
			}
		}
	}
	return f
}

// onRack is the constraint that an agent is in a rack.
type onRack string

func (r onRack) Match(a *allocation.Agent) string {
	for _, attribute := range a.Attributes {
		if attribute.Name == "rack" && attribute.Text == string(r) {
			return ""
		}
	}
	return "the agent is not in rack " + string(r)
}

func agentOf(words []string, options map[string]string) *allocation.Agent {
	a := &allocation.Agent{ID: mesos.AgentID(words[0]), Hostname: words[0], Total: parse(words[1])}
	a.Domain.Region = options["region"]
	if rack, ok := options["rack"]; ok {
		a.Attributes = must(mesos.ParseAttributes("rack:" + rack))
	}
	return a
}

// grantOf is the grant of "framework agent role resources".
func grantOf(words []string) allocation.Grant {
	return allocation.Grant{
		Framework: mesos.FrameworkID(words[0]),
		Agent:     mesos.AgentID(words[1]),
		Resources: parse(words[3]).Allocate(words[2]),
	}
}

// grantsOf is the grants of "framework,role,resources/...".
func grantsOf(text string) []allocation.Grant {
	var grants []allocation.Grant
	for part := range strings.SplitSeq(text, "|") {
		if words := strings.Split(part, ","); len(words) == 3 {
			grants = append(grants, grantOf([]string{words[0], "", words[1], words[2]}))
		}
	}
	return grants
}

func quotaOf(options map[string]string) allocation.Quota {
	q := allocation.Quota{Guarantees: must(resources.ParseQuantities(options["guarantee"]))}
	for name, limit := range must(resources.ParseLimits(options["limit"])).All() {
		if q.Limits == nil {
			q.Limits = map[string]resources.Scalar{}
		}
		q.Limits[name] = limit
	}
	return q
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
