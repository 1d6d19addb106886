// Package logger decides how much of a container's output is kept, and where it
// is cut. See https://mesos.apache.org/documentation/latest/logging/.
package logger

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/agent/modules"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// The names of the loggers, short and as Mesos's modules have them.
const (
	sandbox, mesosSandbox     = "sandbox", "org_apache_mesos_SandboxContainerLogger"
	logrotate, mesosLogrotate = "logrotate", "org_apache_mesos_LogrotateContainerLogger"
)

// Names are the loggers that there are.
func Names() []string { return []string{sandbox, mesosSandbox, logrotate, mesosLogrotate} }

const (
	defaultBytes = 10 * mesos.Megabyte
	// leastBytes is a page of memory, as in Mesos.
	leastBytes = 4 * mesos.Kilobyte
	// mostKept bounds how many older files there may be.
	mostKept = 1000
	// defaultPrefix is environment_variable_prefix's default.
	defaultPrefix = "CONTAINER_LOGGER_"
)

// rotation bounds what containers write. It takes part in preparing them as an
// isolator does: limits are set before the first byte is written.
type rotation struct {
	container.Passive
	limits limits
	prefix string
}

// limits are a logger's parameters.
type limits struct{ stdout, stderr limit }

// limit is one of an output.
type limit struct {
	bytes mesos.Bytes
	keep  uint64 // how many older files
}

// New returns the logger of a name (--container_logger): "" and "sandbox" let the
// files of a sandbox grow, and are nil; "logrotate" bounds them. Errors are of
// kind mesos.Invalid.
func New(name string, set modules.Set) (container.Isolator, error) {
	switch name {
	case "", sandbox, mesosSandbox:
		return nil, nil
	case logrotate, mesosLogrotate:
	default:
		return nil, mesos.Errorf(mesos.Invalid, "container logger %q: there is none of that name; there are sandbox and logrotate", name)
	}
	r := &rotation{
		Passive: container.Passive{Named: "container logger"}, prefix: defaultPrefix,
		limits: limits{limit{bytes: defaultBytes}, limit{bytes: defaultBytes}},
	}
	parameters := set[name]
	if len(parameters) == 0 && name == logrotate {
		parameters = set[mesosLogrotate]
	}
	for key, value := range parameters {
		switch key {
		case "environment_variable_prefix":
			if r.prefix = value; value == "" {
				return nil, mesos.Errorf(mesos.Invalid, "container logger: parameter %s: empty", key)
			}
		case "launcher_dir", "logrotate_path", "libprocess_num_worker_threads": // of programs that there are not
		default:
			if err := r.limits.set(key, value); err != nil {
				return nil, fmt.Errorf("container logger: parameter %s: %w", key, err)
			}
		}
	}
	return r, nil
}

// Nests implements container.Nester: each container has limits of its own.
func (*rotation) Nests() bool { return true }

// Prepare implements container.Isolator. Variables of the command's environment
// change the limits for this container.
func (r *rotation) Prepare(_ context.Context, plan *container.Plan) error {
	mine, err := r.of(plan.Spec.Command.GetEnvironment())
	if err != nil {
		return err
	}
	plan.Process.Logs = supervise.Logs{
		StdoutBytes: uint64(mine.stdout.bytes), StdoutKeep: mine.stdout.keep,
		StderrBytes: uint64(mine.stderr.bytes), StderrKeep: mine.stderr.keep,
	}
	return nil
}

func (r *rotation) of(env *mesospb.Environment) (limits, error) {
	mine := r.limits
	for _, v := range env.GetVariables() {
		if key, ok := strings.CutPrefix(v.GetName(), r.prefix); ok {
			if err := mine.set(strings.ToLower(key), v.GetValue()); err != nil {
				return limits{}, fmt.Errorf("container logger: variable %s: %w", v.GetName(), err)
			}
		}
	}
	return mine, nil
}

// set sets a limit by the name of a parameter.
func (l *limits) set(key, value string) error {
	switch key {
	case "max_stdout_size":
		return l.stdout.size(value)
	case "max_stderr_size":
		return l.stderr.size(value)
	case "logrotate_stdout_options":
		return l.stdout.options(value)
	case "logrotate_stderr_options":
		return l.stderr.options(value)
	}
	return mesos.Errorf(mesos.Invalid, "there is none of that name")
}

func (l *limit) size(text string) error {
	size, err := mesos.ParseBytes(text)
	if err == nil && size < leastBytes {
		err = mesos.Errorf(mesos.Invalid, "%s is less than %s", size, leastBytes)
	}
	l.bytes = size
	return err
}

// options reads what of logrotate's configuration has a meaning here, or none
// that matters. What logrotate would be told to run, mail or compress is refused
// by name, for there is no logrotate.
func (l *limit) options(text string) error {
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		switch words[0] {
		case "rotate":
			if len(words) != 2 {
				return mesos.Errorf(mesos.Invalid, "rotate: how many files?")
			}
			keep, err := strconv.ParseUint(words[1], 10, 64)
			if err != nil || keep > mostKept {
				return mesos.Errorf(mesos.Invalid, "rotate: %q is not a number from 0 to %d", words[1], mostKept)
			}
			l.keep = keep
		case "size", "minsize", "maxsize", "missingok", "nomissingok", "notifempty", "ifempty", "create", "nocreate", "copytruncate",
			"nocopytruncate", "nocompress", "nodelaycompress", "nodateext", "nomail", "noolddir", "nosharedscripts", "su":
			// the size is a parameter of its own, and the others say how it is done here
		default:
			return mesos.Errorf(mesos.Invalid, "%q: of logrotate's options there is rotate", words[0])
		}
	}
	return nil
}
