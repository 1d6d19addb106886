package agent

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// checkID refuses an ID that can't name a directory of the work dir.
func checkID(field, id string) error {
	if err := mesos.ValidateID(id); err != nil {
		return mesos.Errorf(mesos.Invalid, "%s: %w", field, err)
	}
	return nil
}

// checkCall refuses an executor's call with a field missing or wrong. See
// https://mesos.apache.org/documentation/latest/executor-http-api/.
func checkCall(call *executorpb.Call) error {
	missing := func(field string) error {
		return mesos.Errorf(mesos.Invalid, "executor call: expecting '%s' to be present", field)
	}
	switch {
	case call.Type == nil:
		return missing("type")
	case call.GetExecutorId() == nil:
		return missing("executor_id")
	case call.GetFrameworkId() == nil:
		return missing("framework_id")
	}
	switch call.GetType() {
	case executorpb.Call_SUBSCRIBE:
		// Mesos wants 'subscribe' to be present; npm's mesos-framework leaves it
		// out, and all that it can hold is what is not acknowledged.
		for _, u := range call.GetSubscribe().GetUnacknowledgedUpdates() {
			if err := checkStatus(call, u.GetStatus()); err != nil {
				return err
			}
		}
	case executorpb.Call_UPDATE:
		if call.GetUpdate() == nil {
			return missing("update")
		}
		return checkStatus(call, call.GetUpdate().GetStatus())
	case executorpb.Call_MESSAGE:
		if call.GetMessage() == nil {
			return missing("message")
		}
	case executorpb.Call_HEARTBEAT:
	default:
		return mesos.Errorf(mesos.Invalid, "executor call: type %s is not known", call.GetType())
	}
	return nil
}

// checkStatus refuses a status that an executor must not send.
func checkStatus(call *executorpb.Call, s *mesospb.TaskStatus) error {
	invalid := func(format string, args ...any) error {
		return mesos.Errorf(mesos.Invalid, "executor call: status: "+format, args...)
	}
	switch {
	case s == nil:
		return invalid("expecting 'status' to be present")
	case s.GetTaskId().GetValue() == "":
		return invalid("expecting 'task_id' to be present")
	case s.Uuid == nil:
		return invalid("expecting 'uuid' to be present")
	case len(s.Uuid) != len(uuid{}):
		return invalid("'uuid' has %d bytes instead of %d", len(s.Uuid), len(uuid{}))
	case s.ExecutorId != nil && s.GetExecutorId().GetValue() != call.GetExecutorId().GetValue():
		return invalid("'executor_id' is %q in the status but %q in the call",
			s.GetExecutorId().GetValue(), call.GetExecutorId().GetValue())
	case s.GetSource() != mesospb.TaskStatus_SOURCE_EXECUTOR:
		return invalid("'source' must be SOURCE_EXECUTOR")
	case s.State == nil || !mesos.TaskState(s.GetState()).Valid():
		return invalid("expecting 'state' to be present")
	case s.GetState() == mesospb.TaskState_TASK_STAGING:
		return invalid("'state' must not be TASK_STAGING")
	case s.CheckStatus != nil:
		if err := checkCheckStatus(s.GetCheckStatus()); err != nil {
			return invalid("'check_status': %w", err)
		}
	}
	return nil
}

// checkCheckStatus wants a check's result to be there for the type it names.
func checkCheckStatus(c *mesospb.CheckStatusInfo) error {
	var missing string
	switch c.GetType() {
	case mesospb.CheckInfo_COMMAND:
		if c.Command == nil {
			missing = "command"
		}
	case mesospb.CheckInfo_HTTP:
		if c.Http == nil {
			missing = "http"
		}
	case mesospb.CheckInfo_TCP:
		if c.Tcp == nil {
			missing = "tcp"
		}
	default:
		missing = "type"
	}
	if missing != "" {
		return mesos.Errorf(mesos.Invalid, "expecting '%s' to be present", missing)
	}
	return nil
}
