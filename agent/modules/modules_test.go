package modules

import (
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
)

const fixed = "org_apache_mesos_FixedResourceEstimator"

// The example of Mesos's page, and the same as its flags' reference has it.
func TestParse(t *testing.T) {
	// covers: ModuleTest.JsonParseTest
	// covers: ModuleTest.ExampleModuleLoadTest
	// covers: ModuleTest.LoadSameModuleTwice
	for _, text := range []string{
		`{"libraries": {"file": "/usr/local/lib64/libfixed_resource_estimator.so",
			"modules": {"name": "org_apache_mesos_FixedResourceEstimator", "parameters": {"key": "resources", "value": "cpus:14"}}}}`,
		`{"libraries": [{"name": "fixed_resource_estimator",
			"modules": [{"name": "org_apache_mesos_FixedResourceEstimator", "parameters": [{"key": "resources", "value": "cpus:14"}]}]}]}`,
		`{"libraries": [{"modules": [{"name": "org_apache_mesos_FixedResourceEstimator", "parameters": [{"key": "resources", "value": "cpus:14"}]}]},
			{"modules": [{"name": "org_apache_mesos_FixedResourceEstimator", "parameters": [{"key": "resources", "value": "cpus:14"}]}]}]}`,
	} {
		got, err := Parse(text, []string{"fixed", fixed})
		if err != nil || len(got) != 1 || got[fixed]["resources"] != "cpus:14" {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
	if got, err := Parse(" ", nil); got != nil || err != nil {
		t.Errorf("nothing is %v, %v", got, err)
	}
}

func TestWhatIsNotBuiltInIsRefused(t *testing.T) {
	// covers: ModuleTest.UnknownModuleTest
	// covers: ModuleTest.EmptyModuleName
	// covers: ModuleTest.DuplicateModulesWithDifferentParameters
	// covers: ModuleTest.DuplicateModuleInDifferentLibraries
	for text, want := range map[string]string{
		`{"libraries": [{"modules": [{"name": "com_example_Hook"}]}]}`:                                                    `"com_example_Hook" is not built in`,
		`{"libraries": [{"modules": [{"name": ""}]}]}`:                                                                    `"" is not built in`,
		`{"libraries": [{"modules": [{"name": "fixed"}, {"name": "fixed", "parameters": {"key": "a", "value": "b"}}]}]}`:  "fixed is there twice",
		`{"libraries": [{"modules": [{"name": "fixed"}]}, {"modules": [{"name": "fixed", "parameters": {"key": "a"}}]}]}`: "fixed is there twice",
		`{"libraries": [{"modules": [{"name": "fixed", "parameter": []}]}]}`:                                              `unknown field "parameter"`,
		`{"libraries": [{"modules": [{"name": "fixed", "parameters": {"key": 1}}]}]}`:                                     "not the JSON of libraries",
		`libraries`: "not the JSON of libraries",
	} {
		if _, err := Parse(text, []string{"fixed"}); err == nil || !strings.Contains(err.Error(), want) || mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestParameters(t *testing.T) {
	// covers: ModuleTest.ValidParameters
	// covers: ModuleTest.ParameterWithInvalidValue
	// covers: ModuleTest.ParameterWithoutValue
	p := Parameters{"a": "1.5", "b": "x", "c": ""}
	if v, err := p.Number("a", 0); v != 1.5 || err != nil {
		t.Errorf("a is %v, %v", v, err)
	}
	if v, err := p.Number("missing", 7); v != 7 || err != nil {
		t.Errorf("what is missing is %v, %v", v, err)
	}
	for _, key := range []string{"b", "c"} {
		if _, err := p.Number(key, 0); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%s: %v", key, err)
		}
	}
	if err := p.Only("a", "b", "c", "d"); err != nil {
		t.Error(err)
	}
	if err := p.Only("a", "b"); err == nil || !strings.Contains(err.Error(), `"c"`) {
		t.Errorf("a parameter that there is not: %v", err)
	}
}
