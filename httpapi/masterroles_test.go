package httpapi

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// What a role has includes what the roles below it have, whoever tells of it.
// https://mesos.apache.org/documentation/latest/roles/
func TestRolesHaveWhatThoseBelowThemHave(t *testing.T) {
	config, _ := leader()
	master := NewMaster(config)
	f := frameworkRecordOf("F", true, "eng/dev/ci")
	f.AllocatedResources = append(allocated("eng/dev/ci", "cpus:1"), allocated("eng/dev", "cpus:2")...)
	f.OfferedResources = allocated("eng", "cpus:4")
	config.View.PutFramework(f, false)
	g := frameworkRecordOf("G", true, "engine")
	g.FrameworkInfo.Id.Value = proto.String("G")
	g.AllocatedResources = allocated("engine", "cpus:8")
	config.View.PutFramework(g, false)
	want := map[string]float64{"eng": 7, "eng/dev": 3, "eng/dev/ci": 1, "engine": 8}
	for _, role := range call(t, master, `{"type":"GET_ROLES"}`, new(masterpb.Response)).GetGetRoles().GetRoles() {
		cpus := 0.0
		for _, r := range role.GetResources() {
			if r.GetName() == "cpus" {
				cpus += r.GetScalar().GetValue()
			}
		}
		if w, known := want[role.GetName()]; known && cpus != w {
			t.Errorf("%s has %v cpus, want %v", role.GetName(), cpus, w)
		}
		delete(want, role.GetName())
	}
	if len(want) > 0 {
		t.Errorf("without %v", want)
	}
	type amounts map[string]any
	for _, role := range fetch[struct {
		Roles []struct {
			Name               string
			Allocated, Offered amounts
			Frameworks         []string
		}
	}](t, master, "/roles").Roles {
		switch role.Name {
		case "eng":
			if role.Allocated["cpus"] != 3.0 || role.Offered["cpus"] != 4.0 || len(role.Frameworks) != 0 {
				t.Errorf("%+v", role)
			}
		case "eng/dev":
			if role.Allocated["cpus"] != 3.0 || role.Offered["cpus"] != nil && role.Offered["cpus"] != 0.0 {
				t.Errorf("%+v", role)
			}
		}
	}
}
