package acl

import (
	"encoding/json"
	"strings"
	"testing"
)

// A ruling is lists for one action and what they say. Rules are written
// "principals -> objects", each several names, ANY or NONE; questions are
// "principal@object", with ? for any object and nothing for nobody.
type ruling struct {
	action      Action
	restrictive bool
	rules       []string
	yes, no     string
}

// entityJSON is names as an entity.
func entityJSON(names string) map[string]any {
	if names = strings.TrimSpace(names); names == "ANY" || names == "NONE" {
		return map[string]any{"type": names}
	}
	return map[string]any{"values": strings.Fields(names)}
}

// lists makes the ACLs of a ruling.
func (r *ruling) lists(t *testing.T) *ACLs {
	t.Helper()
	entries := []any{}
	for _, rule := range r.rules {
		who, what, _ := strings.Cut(rule, "->")
		entries = append(entries, map[string]any{"principals": entityJSON(who), syntaxes[r.action].objects: entityJSON(what)})
	}
	text, err := json.Marshal(map[string]any{"permissive": !r.restrictive, r.action.String(): entries})
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(text))
}

func (r *ruling) check(t *testing.T) {
	t.Helper()
	a := r.lists(t)
	for _, want := range []bool{true, false} {
		questions := r.no
		if want {
			questions = r.yes
		}
		for _, q := range strings.Fields(questions) {
			who, what, _ := strings.Cut(q, "@")
			got := a.AllowsAny(who, r.action)
			if what != "?" {
				got = a.Allows(who, r.action, what)
			}
			if got != want {
				t.Errorf("%s with %q: %s is %v", r.action, r.rules, q, got)
			}
		}
	}
}

// covered is one ruling after the other; each case of a test that Mesos has names it.
func covered(t *testing.T, rulings ...ruling) {
	t.Helper()
	for _, r := range rulings {
		r.check(t)
	}
}

// https://mesos.apache.org/documentation/latest/authorization/#local-authorizer
func TestRolesOfFrameworks(t *testing.T) {
	covered(t,
		// covers: AuthorizationTest.AnyPrincipalOfferedRole
		ruling{RegisterFramework, false, []string{"ANY -> *"}, "ann@* bob@* @*", ""},
		// covers: AuthorizationTest.SomePrincipalsOfferedRole
		ruling{RegisterFramework, false, []string{"ann bob -> ads"}, "ann@ads bob@ads eve@ads", ""},
		// covers: AuthorizationTest.PrincipalOfferedRole
		ruling{RegisterFramework, false, []string{"ann -> ads", "NONE -> ads"}, "ann@ads bob@web", "bob@ads @ads"},
		// covers: AuthorizationTest.PrincipalNotOfferedAnyRoleRestrictive
		ruling{RegisterFramework, true, []string{"ann -> ads"}, "ann@ads", "ann@web bob@ads bob@web @ads"},
		// covers: AuthorizationTest.RegisterFrameworkHierarchical
		ruling{
			RegisterFramework, false, []string{"top -> eng/% eng", "below -> eng/%", "exact -> eng", "ANY -> NONE"},
			"top@eng top@eng/api top@eng/api/v1 below@eng/api below@eng/api/v1 exact@eng",
			"below@eng exact@eng/api exact@eng/api/v1 top@engine below@engine/x eve@eng",
		},
	)
}

func TestSeveralRolesAtOnce(t *testing.T) {
	r := ruling{action: RegisterFramework, restrictive: true, rules: []string{"ann -> ads web"}}
	a := r.lists(t)
	if !a.AllowsAll("ann", RegisterFramework, []string{"ads", "web"}) || a.AllowsAll("ann", RegisterFramework, []string{"ads", "hr"}) {
		t.Error("every role must be allowed")
	}
	if a.AllowsAll("ann", RegisterFramework, nil) {
		t.Error("without roles the lists say nothing, and they are restrictive")
	}
	if !parse(t, "{}").AllowsAll("ann", RegisterFramework, nil) {
		t.Error("without roles the lists say nothing, and they are permissive")
	}
}

// hierarchy is what operators and frameworks may do for roles: all of one, below
// one, and exactly one.
func hierarchy(action Action) ruling {
	return ruling{
		action, false,
		[]string{"all -> ANY", "some -> ads", "nothing -> NONE", "top -> eng/% eng", "below -> eng/%", "exact -> eng", "ANY -> NONE"},
		"all@ads all@web all@? some@ads top@eng top@eng/api top@eng/api/v1 below@eng/api below@eng/api/v1 exact@eng",
		"some@web some@? nothing@ads below@eng exact@eng/api exact@eng/api/v1 eve@ads eve@? @ads",
	}
}

func TestRolesOfOperators(t *testing.T) {
	covered(t,
		// covers: AuthorizationTest.UpdateQuota
		// covers: AuthorizationTest.UpdateQuotaConfig
		hierarchy(UpdateQuota),
		// covers: AuthorizationTest.GetQuota
		hierarchy(GetQuota),
		// covers: AuthorizationTest.ViewRole
		hierarchy(ViewRole),
		// covers: AuthorizationTest.UpdateWeight
		hierarchy(UpdateWeight),
	)
}

func TestAnObjectMayBeLeftOut(t *testing.T) {
	// covers: AuthorizationTest.OptionalObject
	covered(t, ruling{TeardownFramework, false, []string{"ann -> ANY", "ANY -> NONE"}, "ann@? ann@bob", "bob@? bob@ann @?"})
}

// yesOrNo is an action without objects.
func yesOrNo(action Action) ruling {
	return ruling{action, false, []string{"ops -> ANY", "ann -> NONE", "ANY -> NONE"}, "ops@?", "ann@? eve@? @?"}
}

func TestActionsWithoutObjects(t *testing.T) {
	covered(t,
		// covers: AuthorizationTest.ViewFlags
		yesOrNo(ViewFlags),
		// covers: AuthorizationTest.LogAccess
		yesOrNo(AccessMesosLog),
		// covers: AuthorizationTest.SetLogLevel
		yesOrNo(SetLogLevel),
		// covers: AuthorizationTest.ViewResourceProvider
		yesOrNo(ViewResourceProvider),
		// covers: AuthorizationTest.RegisterAgent
		yesOrNo(RegisterAgent),
		// covers: AuthorizationTest.UpdateMaintenanceSchedule
		yesOrNo(UpdateMaintenanceSchedule),
		// covers: AuthorizationTest.GetMaintenanceSchedule
		yesOrNo(GetMaintenanceSchedule),
		// covers: AuthorizationTest.StartMaintenance
		yesOrNo(StartMaintenance),
		// covers: AuthorizationTest.StopMaintenance
		yesOrNo(StopMaintenance),
		// covers: AuthorizationTest.GetMaintenanceStatus
		yesOrNo(GetMaintenanceStatus),
		// covers: AuthorizationTest.DrainAgent
		yesOrNo(DrainAgent),
		// covers: AuthorizationTest.DeactivateAgent
		yesOrNo(DeactivateAgent),
		// covers: AuthorizationTest.ReactivateAgent
		yesOrNo(ReactivateAgent),
		// covers: AuthorizationTest.ViewStandaloneContainer
		yesOrNo(ViewStandaloneContainer),
		// covers: AuthorizationTest.MarkResourceProviderGone
		yesOrNo(MarkResourceProviderGone),
		// covers: AuthorizationTest.ModifyResourceProviderConfig
		yesOrNo(ModifyResourceProviderConfig),
		// covers: AuthorizationTest.PruneImages
		yesOrNo(PruneImages),
		yesOrNo(MarkAgentGone),
		yesOrNo(LaunchStandaloneContainer), yesOrNo(KillStandaloneContainer),
		yesOrNo(WaitStandaloneContainer), yesOrNo(RemoveStandaloneContainer),
	)
}

func TestActionsWithoutObjectsNameNone(t *testing.T) {
	for a := range actions {
		if syntaxes[a].kind != implicit {
			continue
		}
		text := `{"` + a.String() + `": [{"principals": {"values": ["a"]}, "` + syntaxes[a].objects + `": {"values": ["b"]}}]}`
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

func TestOnlyEndpointsThatCanBeAuthorizedAreNamed(t *testing.T) {
	// covers: AuthorizationTest.ValidateEndpoints
	list := func(paths ...string) string {
		values, _ := json.Marshal(paths)
		return `{"get_endpoints": [{"principals": {"values": ["ann"]}, "paths": {"values": ` + string(values) + `}}]}`
	}
	for _, paths := range [][]string{{"/frameworks"}, {"/frameworks", "/monitor/statistics", "/containers"}} {
		if _, err := Parse([]byte(list(paths...))); err == nil || !strings.Contains(err.Error(), "/frameworks") {
			t.Errorf("%v: %v", paths, err)
		}
	}
	a := parse(t, list("/monitor/statistics", "/containers"))
	if !a.Allows("ann", GetEndpoint, "/containers") {
		t.Error("not allowed")
	}
}

func TestTheFirstRuleThatMatchesDecides(t *testing.T) {
	covered(t,
		ruling{RunTask, false, []string{"ann -> NONE", "ann -> root"}, "", "ann@root"},
		ruling{RunTask, false, []string{"ann -> root", "ann -> NONE"}, "ann@root bob@root", "ann@bob"},
		ruling{RunTask, true, []string{"NONE -> ANY", "ann -> ANY"}, "", "ann@root"},
		ruling{RunTask, false, []string{"ANY -> a/%"}, "ann@a/%", ""}, // only roles have others below them
		ruling{RunTask, true, []string{"ANY -> a/%"}, "ann@a/%", "ann@a/b"},
	)
}
