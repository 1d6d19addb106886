package convert

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// The formats are those of
// https://mesos.apache.org/documentation/latest/reservation/.

const (
	static      = mesospb.Resource_ReservationInfo_STATIC
	dynamicType = mesospb.Resource_ReservationInfo_DYNAMIC
)

// cpus is a resource without a reservation, changed.
func cpus(change ...func(*mesospb.Resource)) *mesospb.Resource {
	r := &mesospb.Resource{
		Name:   proto.String("cpus"),
		Type:   mesospb.Value_SCALAR.Enum(),
		Scalar: &mesospb.Value_Scalar{Value: proto.Float64(7.5)},
	}
	for _, f := range change {
		f(r)
	}
	return r
}

func role(role string) func(*mesospb.Resource) {
	return func(r *mesospb.Resource) { r.Role = &role }
}

func principal(principal string) func(*mesospb.Resource) {
	return func(r *mesospb.Resource) {
		r.Reservation = &mesospb.Resource_ReservationInfo{Principal: optional(principal)}
	}
}

func layer(kind mesospb.Resource_ReservationInfo_Type, role, principal string) func(*mesospb.Resource) {
	return func(r *mesospb.Resource) {
		r.Reservations = append(r.Reservations, &mesospb.Resource_ReservationInfo{
			Type: kind.Enum(), Role: optional(role), Principal: optional(principal),
		})
	}
}

// reads checks what a message means, in the form of Resource.String, or why it
// means nothing.
func reads(t *testing.T, message *mesospb.Resource, want, cause string) {
	t.Helper()
	got, err := Resource(message)
	switch {
	case cause == "" && err != nil:
		t.Errorf("%v: %v", message, err)
	case cause == "" && got.String() != want:
		t.Errorf("%v is %v, want %s", message, got, want)
	case cause != "" && (mesos.KindOf(err) != mesos.Invalid || err == nil || !strings.Contains(err.Error(), cause)):
		t.Errorf("%v is %v with the error %v, want one with %q", message, got, err, cause)
	}
}

// covers: ResourceFormatTest.PreReservationRefinement
func TestReadOldFormat(t *testing.T) {
	reads(t, cpus(), "cpus:7.5", "")
	reads(t, cpus(role("*")), "cpus:7.5", "")
	reads(t, cpus(role("web")), "cpus(reservations: [(STATIC,web)]):7.5", "")
	reads(t, cpus(role("web"), principal("ops")), "cpus(reservations: [(DYNAMIC,web,ops)]):7.5", "")
	reads(t, cpus(role("web"), principal("")), "cpus(reservations: [(DYNAMIC,web)]):7.5", "")

	reads(t, cpus(role("*"), principal("ops")), "", `role "*" can't be reserved to`)
	reads(t, cpus(principal("ops")), "", `role "*" can't be reserved to`)
	reads(t, cpus(role("we b")), "", "white space")
	reads(t, cpus(role("web"), principal("ops"), func(r *mesospb.Resource) { r.Reservation.Type = static.Enum() }), "",
		"reservation.type: only 'reservations' may have it")
	reads(t, cpus(role("web"), principal("ops"), func(r *mesospb.Resource) { r.Reservation.Role = r.Role }), "",
		"reservation.role: only 'reservations' may have it")
}

// covers: ResourceFormatTest.PostReservationRefinement
func TestReadNewFormat(t *testing.T) {
	reads(t, cpus(layer(static, "web", "ops")), "cpus(reservations: [(STATIC,web,ops)]):7.5", "")
	reads(t, cpus(layer(dynamicType, "web", "ops")), "cpus(reservations: [(DYNAMIC,web,ops)]):7.5", "")
	reads(t, cpus(layer(static, "web", ""), layer(dynamicType, "web/eu", "ops")),
		"cpus(reservations: [(STATIC,web),(DYNAMIC,web/eu,ops)]):7.5", "")
	reads(t, cpus(layer(dynamicType, "web", ""), layer(dynamicType, "web/eu", "ops")),
		"cpus(reservations: [(DYNAMIC,web),(DYNAMIC,web/eu,ops)]):7.5", "")

	reads(t, cpus(layer(static, "web", ""), layer(static, "web/eu", "")), "", `the refinement for role "web/eu" is static`)
	reads(t, cpus(layer(static, "web", ""), layer(dynamicType, "db", "")), "", `role "db" does not refine "web"`)
	reads(t, cpus(layer(static, "*", "")), "", `role "*" can't be reserved to`)
	reads(t, cpus(layer(static, "", "")), "", "reservations[0].role: is missing")
	reads(t, cpus(layer(mesospb.Resource_ReservationInfo_UNKNOWN, "web", "")), "", "reservations[0].type: is not STATIC or DYNAMIC")
}

// covers: ResourceFormatTest.Endpoint
func TestReadEndpointFormat(t *testing.T) {
	const want = "cpus(reservations: [(DYNAMIC,web,ops)]):7.5"
	reads(t, cpus(role("web"), principal("ops"), layer(dynamicType, "web", "ops")), want, "")
	reads(t, cpus(role("web"), layer(static, "web", "")), "cpus(reservations: [(STATIC,web)]):7.5", "")

	reads(t, cpus(role("web"), principal("ops"), layer(dynamicType, "db", "ops")), "", `role: is "web", but 'reservations' has "db"`)
	reads(t, cpus(role("web"), principal("ops"), layer(static, "web", "ops")), "", "beside a STATIC one")
	reads(t, cpus(role("web"), principal("dev"), layer(dynamicType, "web", "ops")), "", `reservation.principal: is "dev", but 'reservations' has "ops"`)
	reads(t, cpus(role("web"), layer(dynamicType, "web", "ops")), "", "only one of them is set beside a DYNAMIC one")
	reads(t, cpus(principal("ops"), layer(dynamicType, "web", "ops")), "", "only one of them is set beside a DYNAMIC one")
	reads(t, cpus(role("web"), principal("ops"), layer(dynamicType, "web", "ops"), func(r *mesospb.Resource) {
		r.Reservation.Labels = &mesospb.Labels{Labels: []*mesospb.Label{{Key: proto.String("a")}}}
	}), "", "reservation.labels: are {a}, but 'reservations' has {}")
	refined := []func(*mesospb.Resource){layer(dynamicType, "web", "ops"), layer(dynamicType, "web/eu", "ops")}
	reads(t, cpus(append(refined, role("web"))...), "", "role: can't be set beside several 'reservations'")
	reads(t, cpus(append(refined, principal("ops"))...), "", "reservation: can't be set beside several 'reservations'")
}

// The three formats of each way to be reserved.
func TestFormats(t *testing.T) {
	for name, test := range map[string]struct{ old, new, endpoint *mesospb.Resource }{
		"unreserved": {cpus(role("*")), cpus(), cpus(role("*"))},
		"static":     {cpus(role("web")), cpus(layer(static, "web", "")), cpus(role("web"), layer(static, "web", ""))},
		"dynamic": {cpus(role("web"), principal("ops")), cpus(layer(dynamicType, "web", "ops")),
			cpus(role("web"), principal("ops"), layer(dynamicType, "web", "ops"))},
	} {
		for from, message := range map[string]*mesospb.Resource{"old": test.old, "new": test.new, "endpoint": test.endpoint} {
			before := proto.CloneOf(message)
			upgraded := Upgrade([]*mesospb.Resource{message})
			if !proto.Equal(upgraded[0], test.new) {
				t.Errorf("%s: %s upgrades to %v", name, from, upgraded[0])
			}
			downgraded, err := Downgrade(upgraded)
			if err != nil || !proto.Equal(downgraded[0], test.old) {
				t.Errorf("%s: %s downgrades to %v, %v", name, from, downgraded[0], err)
			}
			if endpoint := Endpoint(upgraded); !proto.Equal(endpoint[0], test.endpoint) {
				t.Errorf("%s: %s at an endpoint is %v", name, from, endpoint[0])
			}
			if !proto.Equal(message, before) || !proto.Equal(upgraded[0], test.new) {
				t.Errorf("%s: changed what it was given", name)
			}
		}
	}
	refined := []*mesospb.Resource{cpus(layer(dynamicType, "web", "ops"), layer(dynamicType, "web/eu", "ops"))}
	if endpoint := Endpoint(refined); !proto.Equal(endpoint[0], refined[0]) {
		t.Errorf("a refined one at an endpoint is %v", endpoint[0])
	}
}

// Upgrading doesn't turn what is wrong into something else that is right.
func TestUpgradeLeavesWhatIsWrong(t *testing.T) {
	for _, wrong := range []*mesospb.Resource{
		cpus(role("*"), principal("ops")),
		cpus(role("web"), layer(static, "db", "")),
		cpus(role("web"), principal("dev"), layer(dynamicType, "web", "ops")),
	} {
		upgraded := Upgrade([]*mesospb.Resource{wrong})
		if _, err := Resources(upgraded); err == nil {
			t.Errorf("%v upgrades to %v", wrong, upgraded[0])
		}
	}
}

func task(list ...*mesospb.Resource) *mesospb.TaskInfo {
	return &mesospb.TaskInfo{
		Name:      proto.String("name"),
		TaskId:    &mesospb.TaskID{Value: proto.String("task")},
		AgentId:   &mesospb.AgentID{Value: proto.String("agent")},
		Resources: list,
		Executor:  &mesospb.ExecutorInfo{Resources: list},
	}
}

// covers: ResourceFormatTest.DowngradeWithoutResources
func TestDowngradeWithoutResources(t *testing.T) {
	message := &mesospb.FrameworkInfo{Name: proto.String("name"), Roles: []string{"web"}}
	before := proto.CloneOf(message)
	if err := DowngradeWithin(message); err != nil || !proto.Equal(message, before) {
		t.Errorf("downgraded to %v, %v", message, err)
	}
	if UpgradeWithin(message); !proto.Equal(message, before) {
		t.Errorf("upgraded to %v", message)
	}
}

// covers: ResourceFormatTest.DowngradeWithResourcesWithoutRefinedReservations
func TestDowngradeWithin(t *testing.T) {
	upgraded := task(cpus(), cpus(layer(static, "web", "")), cpus(layer(dynamicType, "db", "ops")))
	old := task(cpus(role("*")), cpus(role("web")), cpus(role("db"), principal("ops")))
	message := proto.CloneOf(upgraded)
	if err := DowngradeWithin(message); err != nil || !proto.Equal(message, old) {
		t.Errorf("downgraded to %v, %v", message, err)
	}
	if UpgradeWithin(message); !proto.Equal(message, upgraded) {
		t.Errorf("upgraded to %v", message)
	}
	op := &mesospb.Offer_Operation{
		Launch:  &mesospb.Offer_Operation_Launch{TaskInfos: []*mesospb.TaskInfo{proto.CloneOf(old), proto.CloneOf(old)}},
		Reserve: &mesospb.Offer_Operation_Reserve{Resources: []*mesospb.Resource{cpus(role("web"))}},
	}
	UpgradeWithin(op)
	for _, launched := range op.Launch.TaskInfos {
		if !proto.Equal(launched, upgraded) {
			t.Errorf("upgraded within an operation to %v", launched)
		}
	}
	if !proto.Equal(op.Reserve.Resources[0], upgraded.Resources[1]) {
		t.Errorf("upgraded within an operation to %v", op.Reserve)
	}
}

// covers: ResourceFormatTest.DowngradeWithResourcesWithRefinedReservations
func TestDowngradeRefined(t *testing.T) {
	refined := cpus(layer(dynamicType, "web", "ops"), layer(dynamicType, "web/eu", "dev"))
	message := task(cpus(), cpus(layer(static, "web", "")), refined, cpus(layer(dynamicType, "db", "ops")))
	want := task(cpus(role("*")), cpus(role("web")), proto.CloneOf(refined), cpus(role("db"), principal("ops")))
	err := DowngradeWithin(message)
	if mesos.KindOf(err) != mesos.Invalid || err == nil || !strings.Contains(err.Error(), "2: its reservation has 2 layers") {
		t.Errorf("the error is %v", err)
	}
	if !proto.Equal(message, want) {
		t.Errorf("downgraded to %v", message)
	}
	if _, err := Downgrade([]*mesospb.Resource{cpus(), refined}); err == nil || !strings.Contains(err.Error(), `resource 1, "cpus"`) {
		t.Errorf("the error is %v", err)
	}
}
