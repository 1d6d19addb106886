package execute

import (
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
)

// table is the flags of mesos-execute.
func (o *options) table() flags.Table {
	return flags.Table{
		flags.String("master", &o.master, "", "masters of the cluster, as in `host:port,host:port`"),
		json("task", &o.Task, "the whole task: JSON of a TaskInfo, or a file with it"),
		json("task_group", &o.TaskGroup, "a task group: JSON of a TaskGroupInfo, or a file with it"),
		flags.String("name", &o.Name, "", "`name` of the task; that of the program if not given"),
		flags.Bool("shell", &o.Shell, true, "run the command with a shell"),
		flags.String("command", &o.Command, "", "`command` to run"),
		json("env", &o.Env, "environment of the command: a JSON object of strings"),
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
		json("effective_capabilities", &o.EffectiveCapabilities, "Linux capabilities of the command: JSON of a CapabilityInfo"),
		json("bounding_capabilities", &o.BoundingCapabilities, "bounding set of Linux capabilities: JSON of a CapabilityInfo"),
		json("rlimits", &o.RLimits, "resource limits of the command: JSON of an RLimitInfo"),
		flags.String("role", &o.Role, "*", "`role` of the framework"),
		flags.Duration("kill_after", &o.KillAfter, "", "`time` after which the running task is killed"),
		flags.String("networks", &o.Networks, "", "`networks` to join, separated by commas"),
		flags.String("principal", &o.Principal, "", "`principal` of the framework"),
		flags.String("secret", &o.secret, "", "`secret` of the principal"),
		json("volumes", &o.Volumes, "volumes of the container: a JSON array of Volume"),
		flags.Func("content_type", "type", "protobuf", "encoding of calls and events: protobuf or json", o.setMedia),
		flags.Bool("tty", &o.TTY, false, "give the command a terminal"),
		flags.Bool("partition_aware", &o.PartitionAware, true, "be told when the task's agent can't be reached"),
	}
}

// own is the flags that mesos-execute does not have.
func (o *options) own() flags.Table {
	return flags.Table{
		flags.Duration("timeout", &o.timeout, "", "`time` after which the task is killed and the command fails"),
		flags.Duration("unreachable_timeout", &o.unreachable, "1mins", "`time` to wait for a master or agent that went away"),
		flags.Bool("quiet", &o.quiet, false, "print nothing but the task's output and errors"),
		flags.Bool("verbose", &o.verbose, false, "show the log of a cluster that runs within this process"),
	}
}

// json is a flag of JSON text, or of a file with it, named by its path.
func json(name string, p *string, usage string) *flags.Flag {
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
