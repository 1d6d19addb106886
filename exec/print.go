package exec

import (
	"fmt"
	"io"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Printer shows notices to a person, or to a script.
type Printer func(Notice)

// Plain prints a line for each change that a person waits for.
func Plain(w io.Writer) Printer {
	states := map[string]mesospb.TaskState{}
	return func(n Notice) {
		switch n := n.(type) {
		case Subscribed:
			if n.Again {
				fmt.Fprintln(w, "connected to the master again")
			}
		case Submitted:
			for i, id := range n.IDs {
				fmt.Fprintf(w, "task '%s' submitted to agent %s on %s\n", id, n.AgentID, n.Host)
				states[string(n.IDs[i])] = mesospb.TaskState_TASK_STAGING
			}
		case Updated:
			id, state := n.Status.GetTaskId().GetValue(), n.Status.GetState()
			if last, known := states[id]; known && last == state {
				return
			}
			states[id] = state
			fmt.Fprintln(w, plainUpdate(n))
		case Killing:
			fmt.Fprintf(w, "killing task '%s' on agent %s\n", n.TaskID, n.AgentID)
		case Left:
			fmt.Fprintln(w, plainLeft(n))
		case ConnectionLost:
			fmt.Fprintf(w, "the connection to the master broke, trying again: %v\n", n.Err)
		case CallRefused:
			fmt.Fprintf(w, "%s: %v\n", n.Call, n.Err)
		case NothingFits:
			for _, sentence := range n.Sentences {
				fmt.Fprintln(w, sentence)
			}
		case OutputLost:
			fmt.Fprintf(w, "the task's output can't be shown: %v\n", n.Err)
		}
	}
}

func plainLeft(n Left) string {
	waited := mesos.FormatDuration(n.Patience)
	if len(n.Tasks) == 1 {
		return fmt.Sprintf("task '%s' has not ended within %s of its kill; if agent %s comes back, the master ends it there", n.Tasks[0], waited, n.Agent)
	}
	return fmt.Sprintf("%d tasks have not ended within %s of their kill, such as '%s' on agent %s; if their agents come back, the master ends them there",
		len(n.Tasks), waited, n.Tasks[len(n.Tasks)-1], n.Agent)
}

func plainUpdate(n Updated) string {
	s := n.Status
	line := fmt.Sprintf("task '%s' is %s", s.GetTaskId().GetValue(), s.GetState())
	if s.GetMessage() != "" {
		line += ": " + s.GetMessage()
	}
	if s.Reason != nil {
		line += " (" + s.GetReason().String() + ")"
	}
	if mesos.TaskState(s.GetState()) == mesos.TaskUnreachable {
		line += "; waiting for agent " + s.GetAgentId().GetValue() + " at " + n.Host + " to come back"
	}
	return line
}

// AsMesos prints what Apache Mesos's mesos-execute prints, to the byte. Of
// TASK_STARTING it says nothing: that came with Mesos 1.5, and the transcripts
// that scripts were written for go from Submitted to TASK_RUNNING.
func AsMesos(w io.Writer) Printer {
	return func(n Notice) {
		switch n := n.(type) {
		case Subscribed:
			fmt.Fprintf(w, "Subscribed with ID %s\n", n.FrameworkID)
		case Submitted:
			if !n.Group {
				fmt.Fprintf(w, "Submitted task '%s' to agent '%s'\n", n.Names[0], n.AgentID)
				return
			}
			ids := make([]string, len(n.IDs))
			for i, id := range n.IDs {
				ids[i] = string(id)
			}
			fmt.Fprintf(w, "Submitted task group with tasks [ %s ] to agent '%s'\n", strings.Join(ids, ", "), n.AgentID)
		case Updated:
			if n.Status.GetState() != mesospb.TaskState_TASK_STARTING {
				_, _ = io.WriteString(w, mesosUpdate(n.Status))
			}
		case Killing:
			fmt.Fprintf(w, "Asked to kill task '%s' on agent '%s'\n", n.TaskID, n.AgentID)
		}
	}
}

func mesosUpdate(s *mesospb.TaskStatus) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Received status update %s for task '%s'\n", s.GetState(), s.GetTaskId().GetValue())
	if s.Message != nil {
		fmt.Fprintf(&b, "  message: '%s'\n", s.GetMessage())
	}
	if s.Source != nil {
		fmt.Fprintf(&b, "  source: %s\n", s.GetSource())
	}
	if s.Reason != nil {
		fmt.Fprintf(&b, "  reason: %s\n", s.GetReason())
	}
	if s.Healthy != nil {
		healthy := 0
		if s.GetHealthy() {
			healthy = 1
		}
		fmt.Fprintf(&b, "  healthy?: %d\n", healthy)
	}
	if s.CheckStatus != nil {
		fmt.Fprintf(&b, "  check status: %s\n", checkStatus(s.GetCheckStatus()))
	}
	if limit := s.GetLimitation().GetResources(); len(limit) > 0 {
		if violated, err := convert.Resources(limit); err == nil {
			fmt.Fprintf(&b, "  resource limit violation: %s\n", violated)
		}
	}
	return b.String()
}

// checkStatus words the result of a task's check as mesos-execute does.
func checkStatus(c *mesospb.CheckStatusInfo) string {
	switch c.GetType() {
	case mesospb.CheckInfo_COMMAND:
		if c.GetCommand().ExitCode != nil {
			return fmt.Sprintf("COMMAND exit code %d", c.GetCommand().GetExitCode())
		}
		if c.Command != nil {
			return "COMMAND"
		}
	case mesospb.CheckInfo_HTTP:
		if c.GetHttp().StatusCode != nil {
			return fmt.Sprintf("HTTP status code %d", c.GetHttp().GetStatusCode())
		}
		if c.Http != nil {
			return "HTTP"
		}
	case mesospb.CheckInfo_TCP:
		switch {
		case c.Tcp == nil:
		case c.Tcp.Succeeded == nil:
			return "TCP"
		case c.Tcp.GetSucceeded():
			return "TCP connection success"
		default:
			return "TCP connection failure"
		}
	default:
		return "UNKNOWN"
	}
	return ""
}
