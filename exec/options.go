package exec

import (
	"encoding/json"
	"os/user"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Options are the flags of `mesosctl execute` that say what to run, under the
// names of mesos-execute's. An empty string is a flag that was not given. Values
// of the form file:///path have been replaced with the file's content already.
type Options struct {
	Task, TaskGroup string // JSON of a TaskInfo, a TaskGroupInfo
	Name            string
	Shell           bool
	Command         string
	Arguments       []string // of a command that is not for a shell
	Env             string   // JSON object of strings
	Resources       string
	Package         string
	Overwrite       bool
	Checkpoint      bool
	AppcImage       string
	DockerImage     string

	FrameworkCapabilities string // comma-separated
	Containerizer         string
	EffectiveCapabilities string // JSON of a CapabilityInfo
	BoundingCapabilities  string // JSON of a CapabilityInfo
	RLimits               string // JSON of an RLimitInfo
	Role                  string
	KillAfter             time.Duration
	Networks              string // comma-separated
	Principal             string
	Volumes               string // JSON array of Volume
	TTY                   bool
	PartitionAware        bool

	// Variables are further variables of the environment, NAME=VALUE, and Binds
	// further volumes, HOST:CONTAINER or HOST:CONTAINER:MODE with a mode of ro or rw.
	Variables, Binds []string
	GPUs             int
	// Suffix ends the task's ID, to tell tasks of one name apart.
	Suffix string

	// FrameworkName is how the framework shows up in the cluster.
	FrameworkName string
	// FailoverTimeout is how long the master keeps a task whose framework is cut off.
	FailoverTimeout time.Duration
	// Detached tells that nobody stays to acknowledge what the tasks report. There is
	// no TASK_KILLING then: the end of a task would wait behind it.
	Detached bool
}

// Spec makes of the options what to run. Every error is mesos.Invalid, or
// mesos.Unsupported for what this build can't do.
func (o Options) Spec() (Spec, error) {
	if err := o.check(); err != nil {
		return Spec{}, err
	}
	framework, err := o.framework()
	if err != nil {
		return Spec{}, err
	}
	spec := Spec{Framework: framework, KillAfter: o.KillAfter, Networks: split(o.Networks)}
	switch {
	case o.Task != "":
		task := &mesospb.TaskInfo{}
		if err := unmarshalTask("task", o.Task, task); err != nil {
			return Spec{}, err
		}
		spec.Tasks = []*mesospb.TaskInfo{task}
	case o.TaskGroup != "":
		group := &mesospb.TaskGroupInfo{}
		if err := unmarshalTask("task_group", o.TaskGroup, group); err != nil {
			return Spec{}, err
		}
		spec.Tasks, spec.Group = group.GetTasks(), true
	default:
		task, err := o.task()
		if err != nil {
			return Spec{}, err
		}
		spec.Tasks = []*mesospb.TaskInfo{task}
	}
	return spec, nil
}

func (o Options) check() error {
	switch whole := o.Task != "" || o.TaskGroup != ""; {
	case o.Task != "" && o.TaskGroup != "":
		return mesos.Errorf(mesos.Invalid, "give either --task or --task_group, not both")
	case whole && (o.Name != "" || o.Command != "" || len(o.Arguments) > 0 || o.Env != "" ||
		o.AppcImage != "" || o.DockerImage != "" || o.Volumes != ""):
		return mesos.Errorf(mesos.Invalid, "--name, --command, --env, --appc_image, --docker_image and --volumes "+
			"can't be given with --task or --task_group")
	case whole && (len(o.Variables) > 0 || len(o.Binds) > 0 || o.GPUs > 0):
		return mesos.Errorf(mesos.Invalid, "--env, --volume and --gpus can't be given with --task or --task_group")
	case whole && (o.RLimits != "" || o.EffectiveCapabilities != "" || o.BoundingCapabilities != "" || o.TTY):
		return mesos.Errorf(mesos.Invalid, "--rlimits, --effective_capabilities, --bounding_capabilities and --tty "+
			"can't be given with --task or --task_group: say it in the task's container")
	case o.Task != "" && o.Networks != "":
		return mesos.Errorf(mesos.Invalid, "--networks can't be given with --task")
	case !whole && o.Shell && o.Command == "":
		return mesos.Errorf(mesos.Invalid, "--command is missing: say what to run")
	case !whole && o.Command == "" && len(o.Arguments) == 0 && o.DockerImage == "" && o.AppcImage == "":
		return mesos.Errorf(mesos.Invalid, "--command is missing: say what to run")
	case o.AppcImage != "" && o.DockerImage != "":
		return mesos.Errorf(mesos.Invalid, "give either --docker_image or --appc_image, not both")
	case o.Package != "":
		return mesos.Errorf(mesos.Unsupported, "--package: copying a package into HDFS is not supported; "+
			"put it where the agents can fetch it and name it as a uri in --task")
	case o.Overwrite:
		return mesos.Errorf(mesos.Unsupported, "--overwrite is not supported, as --package is not")
	}
	return nil
}

// framework is the FrameworkInfo, with the capabilities that mesos-execute has.
func (o Options) framework() (*mesospb.FrameworkInfo, error) {
	me, err := user.Current()
	if err != nil {
		return nil, mesos.Errorf(mesos.Internal, "find the name of the current user: %w", err)
	}
	types := []mesospb.FrameworkInfo_Capability_Type{
		mesospb.FrameworkInfo_Capability_RESERVATION_REFINEMENT,
		mesospb.FrameworkInfo_Capability_REVOCABLE_RESOURCES,
	}
	if !o.Detached {
		types = append(types, mesospb.FrameworkInfo_Capability_TASK_KILLING_STATE)
	}
	if o.PartitionAware {
		types = append(types, mesospb.FrameworkInfo_Capability_PARTITION_AWARE)
	}
	for _, name := range split(o.FrameworkCapabilities) {
		number, known := mesospb.FrameworkInfo_Capability_Type_value[name]
		kind := mesospb.FrameworkInfo_Capability_Type(number)
		switch {
		case !known:
			return nil, mesos.Errorf(mesos.Invalid, "--framework_capabilities: there is no capability %q", name)
		case kind != mesospb.FrameworkInfo_Capability_GPU_RESOURCES:
			return nil, mesos.Errorf(mesos.Invalid, "--framework_capabilities: %s can't be asked for here, only GPU_RESOURCES", name)
		}
		types = append(types, kind)
	}
	framework := &mesospb.FrameworkInfo{
		User: &me.Username, Name: &o.FrameworkName, Role: &o.Role, Checkpoint: &o.Checkpoint,
	}
	if o.GPUs > 0 && !slices.Contains(types, mesospb.FrameworkInfo_Capability_GPU_RESOURCES) {
		types = append(types, mesospb.FrameworkInfo_Capability_GPU_RESOURCES)
	}
	for _, kind := range types {
		framework.Capabilities = append(framework.Capabilities, &mesospb.FrameworkInfo_Capability{Type: kind.Enum()})
	}
	if o.FailoverTimeout > 0 {
		framework.FailoverTimeout = proto.Float64(o.FailoverTimeout.Seconds())
	}
	if o.Principal != "" {
		framework.Principal = &o.Principal
	}
	return framework, nil
}

func (o Options) task() (*mesospb.TaskInfo, error) {
	wanted, err := resources.Parse(o.Resources, "*")
	if err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "--resources: %w", err)
	}
	if o.GPUs > 0 {
		gpus, err := resources.Parse("gpus:"+strconv.Itoa(o.GPUs), "*")
		if err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "--gpus: %w", err)
		}
		wanted = wanted.Add(gpus)
	}
	name := o.Name
	if name == "" {
		name = defaultName(o.Command)
	}
	task := &mesospb.TaskInfo{
		Name: &name, TaskId: &mesospb.TaskID{Value: proto.String(name + o.Suffix)},
		Resources: convert.ToWire(wanted),
		Command:   &mesospb.CommandInfo{Shell: &o.Shell},
	}
	if o.Command != "" {
		task.Command.Value = &o.Command
	}
	if !o.Shell {
		task.Command.Arguments = o.Arguments
		if len(o.Arguments) == 0 && o.Command != "" {
			task.Command.Arguments = []string{o.Command}
		}
	}
	if task.Command.Environment, err = environment(o.Env, o.Variables); err != nil {
		return nil, err
	}
	if task.Container, err = o.container(); err != nil {
		return nil, err
	}
	return task, nil
}

// defaultName names a task after the program that it runs.
func defaultName(command string) string {
	for word := range strings.FieldsSeq(command) {
		name := strings.Map(func(r rune) rune {
			switch {
			case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
				return r
			}
			return -1
		}, path.Base(word))
		if strings.Trim(name, ".") != "" {
			return name
		}
	}
	return "execute"
}

// environment is that of a JSON object, if there is one, and of NAME=VALUE pairs.
func environment(text string, pairs []string) (*mesospb.Environment, error) {
	variables := map[string]string{}
	if text != "" {
		if err := json.Unmarshal([]byte(text), &variables); err != nil {
			return nil, mesos.Errorf(mesos.Invalid, `--env: not a JSON object of strings such as {"NAME": "value"}: %w`, err)
		}
	}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, mesos.Errorf(mesos.Invalid, `--env: %q is neither NAME=VALUE nor a JSON object such as {"NAME": "value"}`, pair)
		}
		variables[name] = value
	}
	if text == "" && len(pairs) == 0 {
		return nil, nil
	}
	names := make([]string, 0, len(variables))
	for name := range variables {
		names = append(names, name)
	}
	sort.Strings(names)
	environment := &mesospb.Environment{}
	for _, name := range names {
		environment.Variables = append(environment.Variables,
			&mesospb.Environment_Variable{Name: proto.String(name), Value: proto.String(variables[name])})
	}
	return environment, nil
}

// unmarshalTask decodes a task or group. Its agent_id is known only with an
// offer, so here, unlike anywhere else, it may be missing.
func unmarshalTask(flag, text string, m wire.Message) error {
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return mesos.Errorf(mesos.Invalid, "--%s: %w", flag, err)
	}
	object, _ := value.(map[string]any)
	tasks, ok := object["tasks"].([]any)
	if flag == "task" {
		tasks, ok = []any{value}, true
	}
	if !ok || len(tasks) == 0 {
		return mesos.Errorf(mesos.Invalid, "--%s: tasks is missing or empty", flag)
	}
	for _, task := range tasks {
		fields, ok := task.(map[string]any)
		if !ok {
			return mesos.Errorf(mesos.Invalid, "--%s: a task is not a JSON object", flag)
		}
		if fields["agent_id"] == nil {
			fields["agent_id"] = map[string]any{"value": ""}
		}
	}
	data, err := json.Marshal(value)
	if err == nil {
		err = wire.UnmarshalJSON(data, m)
	}
	if err != nil {
		return mesos.Errorf(mesos.Invalid, "--%s: %w", flag, err)
	}
	return nil
}

// split takes a comma-separated list apart.
func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}
