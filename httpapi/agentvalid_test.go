package httpapi

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// covers: AgentValidationTest.ContainerID
func TestContainerIDs(t *testing.T) {
	id := func(names ...string) (id *mesospb.ContainerID) {
		for _, name := range names {
			id = &mesospb.ContainerID{Value: &name, Parent: id}
		}
		return id
	}
	for _, bad := range [][]string{
		{""}, {"/"}, {`\`}, {"redis backup"}, {"redis.backup"}, {"."}, {".."}, {"", "backup"}, {"redis", strings.Repeat("x", 243)},
	} {
		if validateContainerID(id(bad...)) == nil {
			t.Errorf("%q is taken for a container", bad)
		}
	}
	for _, good := range [][]string{{"redis"}, {"redis", "backup"}, {"a", "b", "c"}, {strings.Repeat("x", 242)}} {
		if err := validateContainerID(id(good...)); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}

func TestCallsAboutContainersThatMakeNoSense(t *testing.T) {
	// covers: AgentCallValidationTest.LaunchNestedContainer
	// covers: AgentCallValidationTest.WaitNestedContainer
	// covers: AgentCallValidationTest.KillNestedContainer
	// covers: AgentCallValidationTest.RemoveNestedContainer
	// covers: AgentCallValidationTest.LaunchNestedContainerSession
	// covers: AgentCallValidationTest.LaunchContainer
	containers, config := contained()
	h := NewAgent(config)
	calls := []string{"launch_nested_container", "wait_nested_container", "kill_nested_container", "remove_nested_container", "launch_nested_container_session"}
	call := func(name, fields string) string {
		return `{"type":"` + strings.ToUpper(name) + `","` + name + `":{` + fields + `}}`
	}
	for _, name := range calls {
		askAgent(t, h, `{"type":"`+strings.ToUpper(name)+`"}`, http.StatusBadRequest, name)
		askAgent(t, h, call(name, `"container_id":{"value":"no spaces allowed"}`), http.StatusBadRequest, name+".container_id")
		askAgent(t, h, call(name, `"container_id":{"value":"c"}`), http.StatusBadRequest, name+".container_id.parent")
	}
	for _, name := range []string{"wait_container", "kill_container", "remove_container", "attach_container_output"} {
		askAgent(t, h, `{"type":"`+strings.ToUpper(name)+`"}`, http.StatusBadRequest, name)
		askAgent(t, h, call(name, `"container_id":{"value":"no spaces allowed"}`), http.StatusBadRequest, name+".container_id")
	}
	const (
		own        = `"container_id":{"value":"own"}`
		twice      = `"container_id":{"value":"c","parent":{"value":"b","parent":{"value":"a"}}}`
		badCommand = `,"command":{"value":"true","environment":{"variables":[{"name":"KEY","type":"VALUE"}]}}`
		cpus       = `{"name":"cpus","type":"SCALAR","scalar":{"value":0.1}`
	)
	unshared := func(share string) string {
		return `,"container":{"type":"MESOS","linux_info":{"share_cgroups":` + share + `}}`
	}
	for _, test := range []struct{ call, fields, says string }{
		{"launch_nested_container", `"container_id":` + child + badCommand, `launch_nested_container.command.environment: variable "KEY": value`},
		{"launch_nested_container_session", `"container_id":` + child + badCommand, `command.environment: variable "KEY": value`},
		{"launch_nested_container_session", `"container_id":` + child + unshared("false"), "share_cgroups: it can't be false of a session"},
		{"launch_nested_container", twice + unshared("false"), "share_cgroups: it can't be false"},
		{"launch_container", own + badCommand, `launch_container.command.environment: variable "KEY": value`},
		{"launch_container", own + `,"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":-0.1}}]`, "launch_container.resources"},
		{"launch_container", own + `,"resources":[` + cpus + `,"reservations":[{"type":"STATIC","role":"r"}]}]`, "reserved"},
		{"launch_container", own + `,"resources":[` + cpus + `,"revocable":{}}]`, "revocable"},
		{"launch_container", own + `,"container":{"type":"DOCKER"}`, "container.docker"},
		{"launch_container", own + unshared("true"), "share_cgroups: it can't be true"},
		{"launch_container", twice + unshared("false"), "share_cgroups: it can't be false"},
		{"launch_container", twice + `,"resources":[` + cpus + `}]`, "resources: a container that is nested in a nested one"},
		{"launch_container", twice + `,"limits":{"cpus":{"value":1}}`, "limits: a container that is nested in a nested one"},
	} {
		askAgent(t, h, call(test.call, test.fields), http.StatusBadRequest, test.says)
	}
	if containers.asked != nil {
		t.Errorf("what makes no sense reached the containers: %v", containers.asked)
	}
	for _, fine := range []string{
		call("launch_nested_container", twice), call("launch_container", own+unshared("false")+`,"resources":[`+cpus+`}]`),
		call("launch_container", twice+unshared("true")),
	} {
		askAgent(t, h, fine, http.StatusOK, "")
	}
}

func TestResourceProvidersAreRefusedByName(t *testing.T) {
	// covers: AgentCallValidationTest.AddResourceProviderConfig
	// covers: AgentCallValidationTest.UpdateResourceProviderConfig
	// covers: AgentCallValidationTest.RemoveResourceProviderConfig
	_, config := contained()
	h := NewAgent(config)
	const info = `{"type":"org.apache.mesos.rp.test","name":"n"`
	for _, name := range []string{"add_resource_provider_config", "update_resource_provider_config"} {
		kind := `{"type":"` + strings.ToUpper(name) + `"`
		askAgent(t, h, kind+`}`, http.StatusBadRequest, name)
		askAgent(t, h, kind+`,"`+name+`":{"info":`+info+`,"id":{"value":"given"}}}}`, http.StatusBadRequest, name+".info.id")
		askAgent(t, h, kind+`,"`+name+`":{"info":`+info+`}}}`, http.StatusNotImplemented, strings.ToUpper(name))
	}
	askAgent(t, h, `{"type":"REMOVE_RESOURCE_PROVIDER_CONFIG"}`, http.StatusBadRequest, "remove_resource_provider_config")
	askAgent(t, h, `{"type":"REMOVE_RESOURCE_PROVIDER_CONFIG","remove_resource_provider_config":{"type":"t","name":"n"}}`, http.StatusNotImplemented, "REMOVE_RESOURCE_PROVIDER_CONFIG")
}
