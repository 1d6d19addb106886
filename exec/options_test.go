package exec

import (
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func TestOptionsThatContradict(t *testing.T) {
	for _, test := range []struct {
		change func(*Options)
		kind   mesos.Kind
		says   string
	}{
		{func(o *Options) { o.Command = "" }, mesos.Invalid, "--command"},
		{func(o *Options) { o.Shell, o.Command = false, "" }, mesos.Invalid, "--command"},
		{func(o *Options) { o.Task, o.TaskGroup = "{}", "{}" }, mesos.Invalid, "--task_group"},
		{func(o *Options) { o.Task = "{}" }, mesos.Invalid, "--name"},
		{func(o *Options) { *o = Options{Task: "{}", Networks: "n"} }, mesos.Invalid, "--networks"},
		{func(o *Options) { *o = Options{Task: "{}", RLimits: "{}"} }, mesos.Invalid, "--rlimits"},
		{func(o *Options) { *o = Options{TaskGroup: "{}", TTY: true} }, mesos.Invalid, "--tty"},
		{func(o *Options) { *o = Options{Task: "{"} }, mesos.Invalid, "--task"},
		{func(o *Options) { *o = Options{TaskGroup: "{}"} }, mesos.Invalid, "--task_group"},
		{func(o *Options) { *o = Options{TaskGroup: `{"tasks":[1]}`} }, mesos.Invalid, "--task_group"},
		{func(o *Options) { o.DockerImage, o.AppcImage = "a", "b" }, mesos.Invalid, "--appc_image"},
		{func(o *Options) { o.Package = "p" }, mesos.Unsupported, "--package"},
		{func(o *Options) { o.Overwrite = true }, mesos.Unsupported, "--overwrite"},
		{func(o *Options) { o.Resources = "cpus" }, mesos.Invalid, "--resources"},
		{func(o *Options) { o.Env = "[]" }, mesos.Invalid, "--env"},
		{func(o *Options) { o.Volumes = "{}" }, mesos.Invalid, "--volumes"},
		{func(o *Options) { o.Volumes = "[{}]" }, mesos.Invalid, "--volumes"},
		{func(o *Options) { o.RLimits = "x" }, mesos.Invalid, "--rlimits"},
		{func(o *Options) { o.EffectiveCapabilities = "x" }, mesos.Invalid, "--effective_capabilities"},
		{func(o *Options) { o.BoundingCapabilities = "x" }, mesos.Invalid, "--bounding_capabilities"},
		{func(o *Options) { o.Containerizer = "rkt" }, mesos.Invalid, "--containerizer"},
		{func(o *Options) { o.Containerizer = "docker" }, mesos.Invalid, "--docker_image"},
		{func(o *Options) { o.Containerizer, o.DockerImage, o.TTY = "docker", "i", true }, mesos.Invalid, "tty"},
		{func(o *Options) { o.Containerizer, o.DockerImage, o.Networks = "docker", "i", "a,b" }, mesos.Invalid, "network"},
		{func(o *Options) { o.FrameworkCapabilities = "FLYING" }, mesos.Invalid, "FLYING"},
		{func(o *Options) { o.FrameworkCapabilities = "MULTI_ROLE" }, mesos.Invalid, "MULTI_ROLE"},
	} {
		o := options()
		test.change(&o)
		_, err := o.Spec()
		if mesos.KindOf(err) != test.kind || err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%+v: error is %v, want one about %s", o, err, test.says)
		}
	}
}

func TestFrameworkHasTheCapabilitiesOfMesosExecute(t *testing.T) {
	o := options()
	o.FrameworkCapabilities, o.PartitionAware, o.Principal = "GPU_RESOURCES", false, "me"
	spec, err := o.Spec()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range spec.Framework.GetCapabilities() {
		got = append(got, c.GetType().String())
	}
	want := "RESERVATION_REFINEMENT REVOCABLE_RESOURCES TASK_KILLING_STATE GPU_RESOURCES"
	if strings.Join(got, " ") != want || spec.Framework.GetPrincipal() != "me" {
		t.Errorf("framework is %v", spec.Framework)
	}
}

// The end of a task that was killed would wait behind a TASK_KILLING that nobody
// acknowledges.
func TestFrameworkThatIsLeftAloneIsNotToldThatItsTasksAreBeingKilled(t *testing.T) {
	o := options()
	o.Detached = true
	spec, err := o.Spec()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range spec.Framework.GetCapabilities() {
		if c.GetType() == mesospb.FrameworkInfo_Capability_TASK_KILLING_STATE {
			t.Errorf("framework is %v", spec.Framework)
		}
	}
}

func TestTaskOfTheFlags(t *testing.T) {
	o := options()
	o.Env = `{"B": "2", "A": "1"}`
	o.DockerImage, o.Networks, o.RLimits = "busybox", "n1,n2", `{"rlimits": [{"type": "RLMT_CPU", "soft": "1", "hard": "2"}]}`
	o.Volumes = `[{"container_path": "/p", "mode": "RW", "host_path": "/h"}]`
	o.EffectiveCapabilities, o.TTY = `{"capabilities": ["NET_RAW"]}`, true
	spec, err := o.Spec()
	if err != nil {
		t.Fatal(err)
	}
	task := spec.Tasks[0]
	variables := task.GetCommand().GetEnvironment().GetVariables()
	if len(variables) != 2 || variables[0].GetName() != "A" || variables[1].GetValue() != "2" {
		t.Errorf("environment is %v", variables)
	}
	c := task.GetContainer()
	if c.GetType() != mesospb.ContainerInfo_MESOS || c.GetMesos().GetImage().GetDocker().GetName() != "busybox" ||
		len(c.GetNetworkInfos()) != 2 || len(c.GetRlimitInfo().GetRlimits()) != 1 || len(c.GetVolumes()) != 1 ||
		len(c.GetLinuxInfo().GetEffectiveCapabilities().GetCapabilities()) != 1 || c.TtyInfo == nil {
		t.Errorf("container is %v", c)
	}
}

func TestTaskWithoutAContainer(t *testing.T) {
	spec, err := options().Spec()
	if err != nil {
		t.Fatal(err)
	}
	if c := spec.Tasks[0].GetContainer(); c != nil {
		t.Errorf("container is %v", c)
	}
}

func TestCommandWithoutAShell(t *testing.T) {
	o := options()
	o.Shell, o.Command, o.Arguments = false, "/bin/echo", []string{"echo", "a b"}
	spec, err := o.Spec()
	if err != nil {
		t.Fatal(err)
	}
	command := spec.Tasks[0].GetCommand()
	if command.GetShell() || command.GetValue() != "/bin/echo" || len(command.GetArguments()) != 2 {
		t.Errorf("command is %v", command)
	}
}

func TestNamesOfTasks(t *testing.T) {
	for command, want := range map[string]string{
		"echo hello":      "echo",
		"/bin/sleep 10":   "sleep",
		"  $(x) ./run.sh": "x",
		"(((":             "execute",
		"../.. ls":        "ls",
	} {
		if got := defaultName(command); got != want {
			t.Errorf("%q is named %q, want %q", command, got, want)
		}
	}
}
