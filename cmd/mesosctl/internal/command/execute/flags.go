package execute

import (
	"os"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/exec"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
)

// table is the flags of mesos-execute.
func (o *options) table() flags.Table {
	return flags.Table{
		flags.String("master", &o.master, "", app.MasterUsage),
		o.document("task", &o.Task, "the whole task, a TaskInfo: a JSON or YAML `file`, or JSON; - is the standard input"),
		o.document("task_group", &o.TaskGroup, "a task group, a TaskGroupInfo: a JSON or YAML `file`, or JSON; - is the standard input"),
		flags.String("name", &o.Name, "", "`name` of the task; that of the program if not given"),
		flags.Bool("shell", &o.Shell, true, "run the command with a shell"),
		flags.String("command", &o.Command, "", "`command` to run"),
		flags.Repeated("env", "NAME=VALUE", "variable of the command's environment, or a JSON object of several; may be repeated", o.addEnv),
		flags.String("resources", &o.Resources, "cpus:1;mem:128", "`resources` that the task needs"),
		flags.Later("hadoop", "hadoop"),
		flags.Later("hdfs", "localhost:9000"),
		flags.String("package", &o.Package, "", "`package` to copy into HDFS (not supported)"),
		flags.Bool("overwrite", &o.Overwrite, false, "overwrite the package in HDFS (not supported)"),
		flags.Bool("checkpoint", &o.Checkpoint, false, "let the task outlive a restart of its agent"),
		flags.String("appc_image", &o.AppcImage, "", "appc `image` to run in"),
		flags.String("docker_image", &o.DockerImage, "", "Docker `image` to run in, as in busybox:latest"),
		flags.String("framework_capabilities", &o.FrameworkCapabilities, "", "further `capabilities` of the framework: GPU_RESOURCES"),
		flags.String("containerizer", &o.Containerizer, "mesos", "`containerizer` to use: mesos or docker"),
		jsonText("effective_capabilities", &o.EffectiveCapabilities, "Linux capabilities of the command: JSON of a CapabilityInfo"),
		jsonText("bounding_capabilities", &o.BoundingCapabilities, "bounding set of Linux capabilities: JSON of a CapabilityInfo"),
		jsonText("rlimits", &o.RLimits, "resource limits of the command: JSON of an RLimitInfo"),
		flags.String("role", &o.Role, "*", "`role` of the framework"),
		flags.Duration("kill_after", &o.KillAfter, "", "`time` after which the running task is killed"),
		flags.String("networks", &o.Networks, "", "`networks` to join, separated by commas"),
		flags.String("principal", &o.Principal, "", "`principal` of the framework"),
		flags.String("secret", &o.secret, "", "`secret` of the principal"),
		jsonText("volumes", &o.Volumes, "volumes of the container: a JSON array of Volume"),
		flags.Func("content_type", "type", "protobuf", "encoding of calls and events: protobuf or json", o.setMedia),
		flags.Bool("tty", &o.TTY, false, "give the command a terminal").Short("t"),
		flags.Bool("partition_aware", &o.PartitionAware, true, "be told when the task's agent can't be reached"),
	}
}

// own is the flags that mesos-execute does not have.
func (o *options) own() flags.Table {
	return flags.Table{
		flags.Int("instances", &o.instances, 0, 0, maxInstances, "run the command `N` times, at once if there is room"),
		flags.Func("array", "indexes", "", "run the command for each of these numbers, as in `1-10,20,30-40:5`: it finds its own in MESOS_TASK_INDEX", o.setArray),
		flags.Int("parallel", &o.parallel, 0, 0, maxInstances, "run at most `N` of them at a time; 0 is as many as there is room for"),
		flags.Int("retries", &o.retries, 0, 0, maxRetries, "try what failed up to `N` times again"),
		flags.Func("output", "output", "", "what to show of what tasks print: `all`, lines with their index, or none; of an --array none, else all", o.setOutput),
		flags.Repeated("constraint", "constraint", "run only on agents with such an attribute or hostname, as in rack=a1, rack!=a1, hostname~web.*; may be repeated", o.addConstraint),
		flags.Int("gpus", &o.GPUs, 0, 0, maxGPUs, "`number` of GPUs that the task needs"),
		flags.Repeated("volume", "HOST:CONTAINER[:ro]", "directory or file of the agent's host, and where the container has it; may be repeated", func(text string) error {
			o.Binds = append(o.Binds, text)
			return nil
		}),
		flags.Bool("interactive", &o.interactive, false, "join the command's terminal, which it is given").Short("i"),
		flags.Bool("detach", &o.detach, false, "print the task's ID once it runs, and see to it in the background until it has ended").Short("d"),
		flags.Duration("timeout", &o.timeout, "", "`time` after which the task is killed and the command fails"),
		flags.Duration("unreachable_timeout", &o.unreachable, "1mins", "`time` to wait for a master or agent that went away"),
		flags.Bool("quiet", &o.quiet, false, "print nothing but the task's output and errors"),
		flags.Bool("verbose", &o.verbose, false, "show the log of a cluster that runs within this process"),
	}
}

// The most that flags take.
const (
	maxInstances = 100_000
	maxRetries   = 1000
	maxGPUs      = 1024
)

// document is a flag that is JSON, or the path of a JSON or YAML file.
func (o *options) document(name string, p *string, usage string) *flags.Flag {
	return flags.Repeated(name, "json", usage, func(text string) error {
		if strings.HasPrefix(strings.TrimSpace(text), "{") {
			*p = text
			return nil
		}
		var content []byte
		var err error
		if text == "-" {
			content, err = o.standardInput()
		} else {
			content, err = os.ReadFile(text)
		}
		if err != nil {
			return mesos.Errorf(mesos.Invalid, "%q is neither JSON nor a file: %w", text, err)
		}
		if content, err = yaml.YAMLToJSON(content); err != nil {
			return mesos.Errorf(mesos.Invalid, "%s: %w", text, err)
		}
		*p = string(content)
		return nil
	})
}

func (o *options) addEnv(text string) error {
	if strings.HasPrefix(text, "/") {
		content, err := os.ReadFile(text)
		if err != nil {
			return mesos.Errorf(mesos.Invalid, "read its value: %w", err)
		}
		text = string(content)
	}
	if strings.HasPrefix(strings.TrimSpace(text), "{") || !strings.Contains(text, "=") {
		o.Env = text
		return nil
	}
	o.Variables = append(o.Variables, text)
	return nil
}

func (o *options) addConstraint(text string) error {
	c, err := exec.ParseConstraint(text)
	o.constraints = append(o.constraints, c)
	return err
}

func (o *options) setArray(text string) (err error) {
	if o.array = nil; text != "" {
		o.array, err = exec.ParseIndexes(text)
	}
	return err
}

func (o *options) setOutput(text string) error {
	switch text {
	case "", "all", "none":
		o.output = text
		return nil
	}
	return mesos.Errorf(mesos.Invalid, "%q is neither all nor none", text)
}

// jsonText is a flag of JSON text, or of a file with it, named by its path.
func jsonText(name string, p *string, usage string) *flags.Flag {
	return flags.Text(name, "json", p, usage)
}

func (o *options) setMedia(text string) error {
	switch text {
	case "json":
		o.media = wire.JSON
	case "protobuf":
		o.media = wire.Protobuf
	default:
		media, ok := wire.ParseMediaType(text)
		if !ok {
			return mesos.Errorf(mesos.Invalid, "%q is neither protobuf nor json", text)
		}
		o.media = media
	}
	return nil
}
