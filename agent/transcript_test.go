package agent

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

var update = flag.Bool("update", false, "rewrite the transcripts of testdata with what the agent does now")

// TestTranscripts plays every story of testdata: each block is commands, "----"
// and the effects that they had. "show" picks more of them.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts:", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got; -update accepts it):\n%s", file, diff)
			}
			if again := play(t, string(want)); again != got {
				t.Errorf("%s: a second run differs:\n%s", file, cmp.Diff(got, again))
			}
		})
	}
}

// stage is where a story is played.
type stage struct {
	t     *testing.T
	agent *Agent
	now   time.Time
	link  LinkID
	term  uint64
	// show tells which effects beside the usual are shown: "publications", "checkpoints", "launches".
	show  map[string]bool
	out   bytes.Buffer
	uuids uint32
	calls RequestID
	// disk is what the agent wrote, and settings what it is started with again.
	disk     memory
	settings Config
	// diesAfter is how many more writes the agent does before it dies; below 0 it
	// is dead. sent is what went to the master and waits for an acknowledgement.
	diesAfter *int
	sent      map[string]bool
}

func newStage(t *testing.T, state State) *stage {
	s := &stage{t: t, now: time.Unix(1_000_000_000, 0), show: map[string]bool{}, term: 1}
	s.disk, s.settings, s.sent = memory{}, s.config(), map[string]bool{}
	s.agent = New(s.settings, state)
	return s
}

func (s *stage) config() Config {
	scalar := func(name string, v float64) *mesospb.Resource {
		return &mesospb.Resource{Name: &name, Type: mesospb.Value_SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: &v}}
	}
	return Config{
		Info: &mesospb.AgentInfo{
			Hostname:  new("host"),
			Port:      new(int32(5051)),
			Resources: []*mesospb.Resource{scalar("cpus", 8), scalar("mem", 4096), scalar("disk", 1024)},
		},
		Version:                           "1.11.0",
		WorkDir:                           "/work",
		Address:                           "10.0.0.1:5051",
		RegistrationBackoffFactor:         time.Second,
		ExecutorRegistrationTimeout:       time.Minute,
		ExecutorReregistrationTimeout:     2 * time.Second,
		ExecutorShutdownGracePeriod:       5 * time.Second,
		RecoveryTimeout:                   15 * time.Minute,
		HeartbeatInterval:                 0,
		GCDelay:                           7 * 24 * time.Hour,
		GCDiskHeadroom:                    0.1,
		MaxCompletedExecutorsPerFramework: 150,
		ExecutorEnvironment:               []Variable{{"PATH", "/bin"}, {"MESOS_CHECKPOINT", "no"}},
		SwitchUser:                        true,
		UUID:                              func() [16]byte { s.uuids++; return uuid(uuidOf(strconv.Itoa(int(s.uuids)))) },
		Jitter:                            func() float64 { return 0.5 },
	}
}

// play runs a story and returns it with the effects that its commands have now.
func play(t *testing.T, story string) string {
	s := newStage(t, State{})
	var out strings.Builder
	inOutput := false
	for _, line := range strings.SplitAfter(story, "\n") {
		text := strings.TrimSpace(line)
		switch {
		case inOutput && text != "":
			continue // what it was the last time
		case text == "----":
			inOutput = true
			out.WriteString(line)
			if s.out.Len() == 0 {
				s.out.WriteString("nothing\n")
			}
			out.WriteString(s.out.String())
			s.out.Reset()
			continue
		case text == "":
			inOutput = false
		case !strings.HasPrefix(text, "#"):
			s.command(text)
		}
		out.WriteString(line)
	}
	return out.String()
}

// arguments are the "name=value" words of a command.
type arguments map[string]string

func (s *stage) command(line string) {
	words := splitWords(line)
	args := arguments{}
	for _, w := range words[1:] {
		name, value, _ := strings.Cut(w, "=")
		args[name] = value
	}
	switch words[0] {
	case "show":
		for _, w := range words[1:] {
			s.show[w] = true
		}
	case "after":
		s.after(words[1])
	case "ack", "ack-operation":
		delete(s.sent, "update #"+args["uuid"]+" ")
		delete(s.sent, "operation #"+args["uuid"]+" ")
		s.step(s.input(words[0], args))
	case "restart":
		s.restart()
	default:
		s.step(s.input(words[0], args))
	}
}

// after lets time pass, with a tick at each deadline on the way.
func (s *stage) after(text string) {
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatal(err)
	}
	end := s.now.Add(d)
	for {
		next := s.agent.Next()
		if next.IsZero() || next.After(end) {
			break
		}
		if next.After(s.now) {
			fmt.Fprintf(&s.out, "at +%s:\n", next.Sub(end.Add(-d)))
			s.now = next
		}
		s.step(Tick{})
	}
	s.now = end
}

func (s *stage) step(in Input) []Effect {
	effects := s.agent.Step(s.now, in)
	s.perform(effects)
	return effects
}

func (s *stage) perform(effects []Effect) {
	for _, e := range effects {
		if c, ok := e.(Checkpoint); ok {
			if s.diesAfter != nil {
				if *s.diesAfter--; *s.diesAfter < 0 {
					return
				}
			}
			s.disk.do(c)
		}
		s.note(e)
		if line := s.describe(e); line != "" {
			fmt.Fprintln(&s.out, line)
		}
	}
}

// note notes what waits for an acknowledgement.
func (s *stage) note(e Effect) {
	send, _ := e.(SendMaster)
	if u := send.Message.GetStatusUpdate(); u != nil {
		s.sent["update "+shortUUID(u.GetStatus().GetUuid())+" "] = true
	}
	if u := send.Message.GetUpdateOperationStatus(); u.GetStatus().GetUuid() != nil {
		s.sent["operation "+shortUUID(u.GetOperationUuid().GetValue())+" "] = true
	}
}

// splitWords splits at blanks outside of single quotes.
func splitWords(line string) []string {
	var words []string
	var word strings.Builder
	quoted := false
	for _, c := range line + " " {
		switch {
		case c == '\'':
			quoted = !quoted
		case c == ' ' && !quoted:
			if word.Len() > 0 {
				words = append(words, word.String())
			}
			word.Reset()
		default:
			word.WriteRune(c)
		}
	}
	return words
}

func (a arguments) has(name string) bool { _, ok := a[name]; return ok }

func (a arguments) or(name, value string) string {
	if v, ok := a[name]; ok {
		return v
	}
	return value
}

func (a arguments) number(name string, value float64) float64 {
	if v, ok := a[name]; ok {
		f, err := strconv.ParseFloat(v, 64)
		if err != nil {
			panic(err)
		}
		return f
	}
	return value
}

func (a arguments) framework() *mesospb.FrameworkID {
	return &mesospb.FrameworkID{Value: new(a.or("framework", "F"))}
}

func (a arguments) executor() *mesospb.ExecutorID {
	return &mesospb.ExecutorID{Value: new(a.or("executor", "E"))}
}

func (a arguments) task() *mesospb.TaskID { return &mesospb.TaskID{Value: new(a.or("task", "t"))} }

func taskState(name string) *mesospb.TaskState {
	v, ok := mesospb.TaskState_value["TASK_"+name]
	if !ok {
		panic("no state " + name)
	}
	return mesospb.TaskState(v).Enum()
}

// uuidOf is the UUID that is a number.
func uuidOf(n string) []byte {
	v, err := strconv.Atoi(n)
	if err != nil {
		panic(err)
	}
	return binary.BigEndian.AppendUint32(make([]byte, 12), uint32(v))
}

func toAgent(link LinkID, m *linkpb.ToAgent) Input { return MasterMessage{Link: link, Message: m} }

func containerOf(text string) mesos.ContainerID {
	return mesos.ContainerID(formatUUID(uuid(uuidOf(text))))
}
