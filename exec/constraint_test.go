package exec

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

func TestConstraints(t *testing.T) {
	o := offer("O1", "cpus:2;mem:1024")
	o.Hostname = proto.String("web7.example")
	o.Attributes = []*mesospb.Attribute{
		{Name: proto.String("rack"), Type: mesospb.Value_TEXT.Enum(), Text: &mesospb.Value_Text{Value: proto.String("a1")}},
		{Name: proto.String("size"), Type: mesospb.Value_SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: proto.Float64(2.5)}},
	}
	for text, want := range map[string]bool{
		"rack=a1": true, "rack=a": false, "rack!=a1": false, "rack!=b": true, "rack~a.": true, "rack~a": false, "rack!~b.*": true,
		"size=2.5": true, "zone=x": false, "zone!=x": true, "zone~.*": false,
		"hostname=web7.example": true, `hostname~web\d\..*`: true, "hostname~db.*": false,
	} {
		c, err := ParseConstraint(text)
		if err != nil || suits([]Constraint{c}, o.GetHostname(), o.GetAttributes()) != want {
			t.Errorf("%s: want %t, %v", text, want, err)
		}
	}
	for _, text := range []string{"", "rack", "=a", "rack!a", "rack~(", "rack<1"} {
		if _, err := ParseConstraint(text); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
	b := runs(t, "1", func(s *Spec) {
		c, _ := ParseConstraint("rack=a2")
		s.Constraints = []Constraint{c}
	})
	b.step(offers(o))
	b.wantLaunches()
	if got := effectOf[Send](b).Call.GetDecline().GetFilters().GetRefuseSeconds(); got != unsuitableSeconds {
		t.Errorf("an agent that does not suit is declined for %v s", got)
	}
}

// The master is told of the constraints: what it then would not offer is nothing
// that the scheduler would take.
func TestMasterIsAskedToKeepToConstraints(t *testing.T) {
	text := func(name, value string) *mesospb.Attribute {
		return &mesospb.Attribute{Name: &name, Type: mesospb.Value_TEXT.Enum(), Text: &mesospb.Value_Text{Value: &value}}
	}
	agents := map[string]*allocation.Agent{}
	attributes := map[string][]*mesospb.Attribute{
		"web1": {text("rack", "a1"), text("rack", "a2")}, "web2": {text("rack", "a2"), text("zone", "x")}, "db1": nil,
	}
	for name, list := range attributes {
		read, err := convert.Attributes(list)
		if err != nil {
			t.Fatal(err)
		}
		agents[name] = &allocation.Agent{Hostname: name, Attributes: read}
	}
	for _, said := range []string{
		"rack=a1", "rack=a2", "rack!=a1", "rack~a.", "rack!~a[2-9]", "zone~.*", "zone!~.*", "hostname=db1", "hostname!=db1",
		`hostname~web\d`, "hostname!~web.*", "rack~a", "rack=",
	} {
		c, err := ParseConstraint(said)
		if err != nil {
			t.Fatal(err)
		}
		message := offerConstraints([]Constraint{c}, "r")
		evaluated, err := convert.OfferConstraints(message, []string{"r"}, convert.RegexLimits{})
		if err != nil || evaluated["r"] == nil {
			t.Errorf("%s: asks for %v: %v", said, message, err)
			continue
		}
		for name, agent := range agents {
			offered, wanted := evaluated["r"].Match(agent) == "", suits([]Constraint{c}, name, attributes[name])
			if offered != wanted {
				t.Errorf("%s: %s is offered: %t, wanted: %t", said, name, offered, wanted)
			}
		}
	}
	// What is too much for a master stays with the scheduler.
	long, _ := ParseConstraint("rack~" + strings.Repeat("(a|b|c)?", 100))
	if got := offerConstraints([]Constraint{long}, "*"); got != nil {
		t.Errorf("asks for %v", got)
	}
	rack, _ := ParseConstraint("rack=a1")
	if got := offerConstraints([]Constraint{long, rack}, "*"); len(got.GetRoleConstraints()["*"].GetGroups()[0].GetAttributeConstraints()) != 1 {
		t.Errorf("asks for %v", got)
	}
}

// A master may have narrower limits for what it is asked.
func TestMasterThatRefusesConstraints(t *testing.T) {
	rack, _ := ParseConstraint("rack=a1")
	constrained := func(b *bench) bool { return effectOf[Subscribe](b).Call.GetSubscribe().GetOfferConstraints() != nil }
	invalid := mesos.Errorf(mesos.Invalid, "offer_constraints: too large")
	failure := event(&schedulerpb.Event{Type: schedulerpb.Event_ERROR.Enum(), Error: &schedulerpb.Event_Error{Message: proto.String("no")}})
	for name, inputs := range map[string][]Input{
		"by its answer": {Disconnected{invalid}},
		"by an event":   {failure, Disconnected{mesos.Errorf(mesos.Unavailable, "closed")}},
	} {
		b := newBench(t, nil)
		spec := b.m.spec
		spec.Constraints = []Constraint{rack}
		var err error
		if b.m, err = New(spec); err != nil {
			t.Fatal(err)
		}
		if b.step(Start{}); !constrained(b) {
			t.Fatalf("%s: asked for nothing", name)
		}
		for _, in := range inputs {
			b.step(in)
			b.unfinished()
		}
		if constrained(b) {
			t.Errorf("%s: asked for it again", name)
		}
		b.step(inputs[0])
		if effectOf[Finish](b).Result.Err == nil {
			t.Errorf("%s: goes on", name)
		}
	}
}
