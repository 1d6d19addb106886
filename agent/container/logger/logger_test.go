package logger

import (
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/agent/modules"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func environment(pairs ...string) *mesospb.Environment {
	env := &mesospb.Environment{}
	for i := 0; i < len(pairs); i += 2 {
		env.Variables = append(env.Variables, &mesospb.Environment_Variable{Name: &pairs[i], Value: &pairs[i+1]})
	}
	return env
}

func newRotation(t *testing.T, parameters modules.Parameters) *rotation {
	t.Helper()
	l, err := New(mesosLogrotate, modules.Set{mesosLogrotate: parameters})
	if err != nil {
		t.Fatal(err)
	}
	return l.(*rotation)
}

func TestNames(t *testing.T) {
	for _, name := range []string{"", "sandbox", "org_apache_mesos_SandboxContainerLogger"} {
		if l, err := New(name, nil); l != nil || err != nil {
			t.Errorf("%q is %v, %v", name, l, err)
		}
	}
	if _, err := New("syslog", nil); mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), "syslog") {
		t.Errorf("a logger that there is not: %v", err)
	}
	l, err := New("logrotate", modules.Set{mesosLogrotate: {"max_stdout_size": "1MB"}})
	if err != nil || l.(*rotation).limits.stdout.bytes != mesos.Megabyte {
		t.Errorf("parameters under Mesos's name: %+v, %v", l, err)
	}
}

func TestParametersAndVariables(t *testing.T) {
	r := newRotation(t, nil)
	want := limits{limit{10 * mesos.Megabyte, 0}, limit{10 * mesos.Megabyte, 0}}
	if got, err := r.of(nil); got != want || err != nil {
		t.Errorf("by default %+v, %v", got, err)
	}
	r = newRotation(t, modules.Parameters{
		"max_stdout_size": "2MB", "logrotate_stdout_options": "rotate 4\n  missingok\n# nothing\n", "launcher_dir": "/x",
		"environment_variable_prefix": "LOG_",
	})
	want = limits{limit{2 * mesos.Megabyte, 4}, limit{10 * mesos.Megabyte, 0}}
	if got, err := r.of(environment("CONTAINER_LOGGER_MAX_STDOUT_SIZE", "x", "PATH", "/bin")); got != want || err != nil {
		t.Errorf("with parameters %+v, %v", got, err)
	}
	want = limits{limit{8 * mesos.Kilobyte, 4}, limit{10 * mesos.Megabyte, 7}}
	got, err := r.of(environment("LOG_MAX_STDOUT_SIZE", "8KB", "LOG_LOGROTATE_STDERR_OPTIONS", "rotate 7"))
	if got != want || err != nil {
		t.Errorf("with variables %+v, %v", got, err)
	}
}

func TestWrongParametersAreNamed(t *testing.T) {
	for want, parameters := range map[string]modules.Parameters{
		"max_stdout_size: 4095B is less than 4KB":       {"max_stdout_size": "4095B"},
		"max_stderr_size:":                              {"max_stderr_size": "many"},
		"rotate: how many":                              {"logrotate_stdout_options": "rotate"},
		`"-1" is not a number`:                          {"logrotate_stdout_options": "rotate -1"},
		`logrotate_stderr_options: "compress"`:          {"logrotate_stderr_options": "rotate 1\ncompress"},
		`logrotate_stdout_options: "postrotate"`:        {"logrotate_stdout_options": "postrotate\ntouch /x\nendscript"},
		"other: there is none of that name":             {"other": "x"},
		"environment_variable_prefix: empty":            {"environment_variable_prefix": ""},
		"max_stdout_size: size \"10\": the unit is mis": {"max_stdout_size": "10"},
	} {
		if _, err := New("logrotate", modules.Set{"logrotate": parameters}); err == nil || !strings.Contains(err.Error(), want) || mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%v: %v, want %q", parameters, err, want)
		}
	}
	r := newRotation(t, nil)
	for name, want := range map[string]string{"CONTAINER_LOGGER_OTHER": "none of that name", "CONTAINER_LOGGER_MAX_STDERR_SIZE": "unit is missing"} {
		if _, err := r.of(environment(name, "1")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
