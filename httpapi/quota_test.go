package httpapi

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
)

func TestQuotaAndWeightsAreForTheBackendToChange(t *testing.T) {
	// covers: DynamicWeightsTest.PutInvalidRequest
	// covers: DynamicWeightsTest.NonNumericWeight
	const api = "/api/v1"
	for _, test := range []struct {
		method, path, body string
		status             int
		asked              string
	}{
		{"POST", api, `{"type":"UPDATE_WEIGHTS","update_weights":{"weight_infos":[{"role":"eng","weight":2}]}}`, 200, "weights eng 2"},
		{"POST", api, `{"type":"UPDATE_QUOTA","update_quota":{"force":true,"quota_configs":[{"role":"eng","limits":{"cpus":{"value":3}}}]}}`,
			200, "quota eng 3, force true"},
		{"POST", api, `{"type":"SET_QUOTA","set_quota":{"quota_request":{"role":"eng","guarantee":[{"name":"cpus","type":"SCALAR","scalar":{"value":3}}]}}}`,
			200, "quota eng 3"},
		{"POST", api, `{"type":"REMOVE_QUOTA","remove_quota":{"role":"eng"}}`, 200, "no quota eng"},
		{"POST", api, `{"type":"UPDATE_WEIGHTS"}`, 400, ""},
		{"POST", api, `{"type":"UPDATE_QUOTA"}`, 400, ""},
		{"POST", api, `{"type":"SET_QUOTA"}`, 400, ""},
		{"POST", api, `{"type":"REMOVE_QUOTA"}`, 400, ""},
		{"PUT", "/weights", `[{"role":"eng","weight":2.5}]`, 200, "weights eng 2.5"},
		{"PUT", "/master/weights", `[{"role":"eng","weight":2.5}]`, 200, "weights eng 2.5"},
		{"PUT", "/weights", `{"role":"eng","weight":2.5}`, 400, ""},
		{"PUT", "/weights", `[{"role":"eng","weight":"heavy"}]`, 400, ""},
		{"PUT", "/weights", `[{"role":"eng"}]`, 400, ""},
		{"PUT", "/weights", `[`, 400, ""},
		{"DELETE", "/weights", ``, 405, ""},
		{"POST", "/quota", `{"role":"eng","guarantee":[{"name":"cpus","type":"SCALAR","scalar":{"value":3}}]}`, 200, "quota eng 3"},
		{"POST", "/quota", `{}`, 400, ""},
		{"POST", "/quota", `{`, 400, ""},
		{"DELETE", "/quota", ``, 405, ""},
		{"DELETE", "/quota/eng", ``, 200, "no quota eng"},
		{"DELETE", "/master/quota/eng/dev", ``, 200, "no quota eng/dev"},
		{"GET", "/quota/eng", ``, 405, ""},
	} {
		config, _ := leader()
		operator := new(fakeOperator)
		config.Operator = operator
		answer := ask(NewMaster(config), test.method, test.path, test.body)
		if answer.Code != test.status || operator.asked != test.asked {
			t.Errorf("%s %s %s: %d %s, and the backend was asked for %q", test.method, test.path, test.body,
				answer.Code, answer.Body, operator.asked)
		}
	}
}

func TestQuotaAndWeightsAreShown(t *testing.T) {
	// covers: RoleTest.EndpointImplicitRolesWeights
	// covers: RoleTest.EndpointImplicitRolesQuotas
	// covers: RoleTest.EndpointImplicitRolesAncestors
	// covers: RoleTest.RolesEndpointContainsQuota
	// covers: MasterQuotaTest.Status
	// covers: MasterAPITest.GetQuota
	// covers: MasterAPITest.GetWeights
	config, _ := leader()
	amount := func(f float64) map[string]*mesospb.Value_Scalar {
		return map[string]*mesospb.Value_Scalar{"cpus": {Value: new(f)}}
	}
	config.View.PutWeight("ads/web", 2.5)
	config.View.PutQuota("eng", &quotapb.QuotaConfig{Role: new("eng"), Guarantees: amount(1), Limits: amount(4)})
	config.View.PutQuota("gone", &quotapb.QuotaConfig{Role: new("gone"), Limits: amount(4)})
	config.View.PutQuota("gone", nil)
	master := NewMaster(config)
	const quota = `{"infos":[{"role":"eng","guarantee":[{"name":"cpus","type":"SCALAR","scalar":{"value":1.0}}]}],` +
		`"configs":[{"role":"eng","guarantees":{"cpus":{"value":1.0}},"limits":{"cpus":{"value":4.0}}}]}`
	for path, want := range map[string]string{"/weights": `[{"weight":2.5,"role":"ads/web"}]`, "/quota": quota} {
		if got := ask(master, http.MethodGet, path).Body.String(); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
	roles := ask(master, http.MethodGet, "/roles").Body.String()
	for _, part := range []string{
		`{"name":"ads","weight":1`, `{"name":"ads/web","weight":2.5`,
		`{"name":"eng","weight":1.0,"quota":{"role":"eng","guarantee":{"cpus":1.0},"limit":{"cpus":4.0},"consumed":{}}`,
	} {
		if !strings.Contains(roles, part) {
			t.Errorf("/roles has no %s: %s", part, roles)
		}
	}
	weights := call(t, master, `{"type":"GET_WEIGHTS"}`, new(masterpb.Response)).GetGetWeights().GetWeightInfos()
	if len(weights) != 1 || weights[0].GetRole() != "ads/web" || weights[0].GetWeight() != 2.5 {
		t.Errorf("GET_WEIGHTS: %v", weights)
	}
	status := call(t, master, `{"type":"GET_QUOTA"}`, new(masterpb.Response)).GetGetQuota().GetStatus()
	if len(status.GetConfigs()) != 1 || status.GetConfigs()[0].GetLimits()["cpus"].GetValue() != 4 {
		t.Errorf("GET_QUOTA: %v", status)
	}
	config.View.Reset()
	if got := ask(master, http.MethodGet, "/weights").Body.String(); got != "[]" {
		t.Errorf("after the term: %s", got)
	}
}

func TestRolesShowWhatConsumesTheirQuota(t *testing.T) {
	// covers: RoleTest.EndpointEmpty
	// covers: RoleTest.EndpointImplicitRolesReservations
	// covers: RoleTest.RolesEndpointContainsConsumedQuota
	// https://mesos.apache.org/documentation/latest/quota/
	config, _ := leader()
	master := NewMaster(config)
	if got := ask(master, http.MethodGet, "/roles").Body.String(); got != `{"roles":[]}` {
		t.Errorf("of an empty cluster: %s", got)
	}
	agent := registeredAgent("M-S0")
	agent.TotalResources = convert.ToWire(resources.MustParse("cpus:4;mem:100;cpus(eng):1;mem(eng):10"))
	config.View.PutAgent(agent)
	const reserved = `{"roles":[{"name":"eng","weight":1.0,` +
		`"quota":{"role":"eng","guarantee":{},"limit":{},"consumed":{"cpus":1.0,"mem":10.0}},` +
		`"resources":{},"allocated":{},"offered":{},"reserved":{"cpus":1.0,"mem":10.0},"frameworks":[]}]}`
	if got := ask(master, http.MethodGet, "/roles").Body.String(); got != reserved {
		t.Errorf("with a reservation: %s", got)
	}
	// What is reserved counts once, used or not; what is only on offer does not.
	f := frameworkRecordOf("F", true, "eng", "eng/dev")
	f.AllocatedResources = append(allocated("eng", "cpus(eng):0.5"), allocated("eng/dev", "cpus:2;mem:20")...)
	f.OfferedResources = allocated("eng", "cpus:1")
	config.View.PutFramework(f, false)
	roles := ask(master, http.MethodGet, "/roles").Body.String()
	for role, consumed := range map[string]string{"eng": `{"cpus":3.0,"mem":30.0}`, "eng/dev": `{"cpus":2.0,"mem":20.0}`} {
		if part := `"role":"` + role + `","guarantee":{},"limit":{},"consumed":` + consumed; !strings.Contains(roles, part) {
			t.Errorf("no %s in %s", part, roles)
		}
	}
}

func TestRolesComeAndGoWithTheirFrameworks(t *testing.T) {
	// covers: RoleTest.AddAndRemoveFrameworkWithMultipleRoles
	config, _ := leader()
	master := NewMaster(config)
	f := frameworkRecordOf("F", true, "role1", "role2")
	f.AllocatedResources = nil
	config.View.PutFramework(f, false)
	of := func(name string) string {
		return `{"name":"` + name + `","weight":1.0,"quota":{"role":"` + name + `","guarantee":{},"limit":{},"consumed":{}},` +
			`"resources":{},"allocated":{},"offered":{},"reserved":{},"frameworks":["F"]}`
	}
	if got, want := ask(master, http.MethodGet, "/roles").Body.String(), `{"roles":[`+of("role1")+","+of("role2")+"]}"; got != want {
		t.Errorf("of a framework with two roles: %s", got)
	}
	config.View.PutFramework(f, true)
	if got := ask(master, http.MethodGet, "/roles").Body.String(); got != `{"roles":[]}` {
		t.Errorf("of a framework that has ended: %s", got)
	}
}

func TestRolesOnTheWhitelistAreShown(t *testing.T) {
	// covers: RoleTest.EndpointWithWhitelistNoFrameworks
	config, _ := leader()
	config.Roles = map[string]bool{"*": true, "role1": true, "role2": true}
	config.View.PutWeight("role1", 5)
	of := func(name, weight string) string {
		return `{"name":"` + name + `","weight":` + weight + `,"quota":{"role":"` + name + `","guarantee":{},"limit":{},"consumed":{}},` +
			`"resources":{},"allocated":{},"offered":{},"reserved":{},"frameworks":[]}`
	}
	want := `{"roles":[` + of("*", "1.0") + "," + of("role1", "5.0") + "," + of("role2", "1.0") + "]}"
	if got := ask(NewMaster(config), http.MethodGet, "/roles").Body.String(); got != want {
		t.Errorf("/roles: %s", got)
	}
}

func TestAFrameworkBelongsToARoleThatItLeftWhileItRunsSomethingThere(t *testing.T) {
	// covers: MasterTest.MultiRoleSchedulerUnsubscribeFromRole
	config, _ := leader()
	v := config.View
	master := NewMaster(config)
	for _, step := range []struct {
		what, used string
		roles      []string
		want       []any // frameworks of role foo; nil if there is no such role
	}{
		{"it has the role", "cpus:1;mem:64", []string{"foo"}, []any{"F"}},
		{"it left the role", "cpus:1;mem:64", nil, []any{"F"}},
		{"its agent is lost", "", nil, nil},
		{"its agent is back", "cpus:1;mem:64", nil, []any{"F"}},
	} {
		f := frameworkRecordOf("F", true, "any")
		f.FrameworkInfo.Roles = step.roles
		f.AllocatedResources = allocated("foo", step.used)
		v.PutFramework(f, false)
		var got []any
		for _, role := range fetch[struct{ Roles []object }](t, master, "/roles").Roles {
			if role["name"] == "foo" {
				got = role["frameworks"].([]any)
			}
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.what, diff)
		}
	}
}
