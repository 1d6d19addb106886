package registry

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
)

// leading is a master's core whose registry is a real store.
type leading struct {
	t     *testing.T
	core  *master.Master
	store *Store
	term  *Term
	now   time.Time
}

func lead(t *testing.T, client *Client) *leading {
	t.Helper()
	term := campaign(t, client, candidate("m"))
	recovered, err := term.Store().Load(within(t, 5*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return &leading{
		t: t, store: term.Store(), term: term, now: time.Unix(1_800_000_000, 0),
		core: master.New(master.Config{
			Info: candidate("m").Info, Term: uint64(term.Revision()), AgentPingTimeout: 15 * time.Second,
			MaxAgentPingTimeouts: 5, AgentReregisterTimeout: 10 * time.Minute,
		}, recovered),
	}
}

// do hands the core an input and makes durable what it asks for.
func (l *leading) do(in master.Input) {
	l.t.Helper()
	var writes []master.WriteRegistry
	for _, effect := range l.core.Step(l.now, in) {
		switch e := effect.(type) {
		case master.WriteRegistry:
			writes = append(writes, e)
		case master.Reply:
			if e.Err != nil {
				l.t.Errorf("%T: %v", in, e.Err)
			}
		}
	}
	for _, w := range writes {
		err := l.store.Commit(within(l.t, 5*time.Second), w.Writes)
		l.do(master.RegistryWritten{ID: w.ID, Err: err})
	}
}

// succeed ends the term and returns what the next one finds.
func (l *leading) succeed(client *Client) master.Recovered {
	l.t.Helper()
	if err := l.term.Resign(within(l.t, 5*time.Second)); err != nil {
		l.t.Fatal(err)
	}
	recovered, err := campaign(l.t, client, candidate("n")).Store().Load(within(l.t, 5*time.Second))
	if err != nil {
		l.t.Fatal(err)
	}
	return recovered
}

func TestWhatAMasterDecidesIsThereForTheNext(t *testing.T) {
	// covers: RegistrarTest.MarkGone
	// covers: RegistrarTest.UpdateWeights
	// covers: RegistrarTest.UpdateQuota
	client := start(t, EmbeddedConfig{}).Client()
	l := lead(t, client)
	for link, host := range []string{"h0", "h1"} {
		l.do(master.AgentMessage{Link: master.LinkID(link + 1), Address: host + ":5051", Message: &linkpb.ToMaster{
			Message: &linkpb.ToMaster_Register{Register: &linkpb.Register{
				AgentInfo: &mesospb.AgentInfo{Hostname: proto.String(host)}, Version: proto.String("1.11.0"),
			}},
		}})
	}
	l.do(master.UpdateWeights{Request: 1, Weights: []*mesospb.WeightInfo{{Role: proto.String("dev"), Weight: proto.Float64(2.5)}}})
	quota := func(role string, cpus float64) *quotapb.QuotaConfig {
		return &quotapb.QuotaConfig{Role: &role, Limits: map[string]*mesospb.Value_Scalar{"cpus": {Value: &cpus}}}
	}
	l.do(master.UpdateQuota{Request: 2, Force: true, Configs: []*quotapb.QuotaConfig{quota("dev", 4), quota("ops", 2)}})
	l.do(master.UpdateQuota{Request: 3, Force: true, Configs: []*quotapb.QuotaConfig{{Role: proto.String("ops")}}})
	l.do(master.MarkAgentGone{Request: 4, Agent: mesos.AgentID("m-S1")})

	got := l.succeed(client)
	if len(got.Admitted) != 1 || got.Admitted[0].GetInfo().GetHostname() != "h0" {
		t.Errorf("admitted: %v", got.Admitted)
	}
	if len(got.Gone) != 1 || got.Gone[0].GetId().GetValue() != "m-S1" {
		t.Errorf("gone: %v", got.Gone)
	}
	if got.Weights["dev"] != 2.5 {
		t.Errorf("weights: %v", got.Weights)
	}
	if len(got.Quotas) != 1 || got.Quotas["dev"].Limits["cpus"] != resources.Scalar(4000) {
		t.Errorf("quotas: %v", got.Quotas)
	}
}
