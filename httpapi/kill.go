package httpapi

import (
	"net/http"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

// kill serves POST /mesosctl/kill, an endpoint of this project's own: its body is
// framework=ID&task=ID and, unless the task's own is to do, grace_period=5secs.
func (m *Master) kill(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodPost) {
		return
	}
	form, err := readForm(w, r)
	if err == nil && (form.Get("framework") == "" || form.Get("task") == "") {
		err = mesos.Errorf(mesos.Invalid, "kill: name a framework and its task, as in framework=ID&task=ID")
	}
	var grace *time.Duration
	if err == nil && form.Has("grace_period") {
		var d time.Duration
		d, err = mesos.ParseDuration(form.Get("grace_period"))
		if err == nil && d < 0 {
			err = mesos.Errorf(mesos.Invalid, "it is negative")
		}
		if err != nil {
			err = mesos.Errorf(mesos.Invalid, "kill: grace_period: %w", err)
		}
		grace = &d
	}
	if err == nil {
		err = m.Operator.KillTask(r.Context(), principalOf(r.Context()),
			mesos.FrameworkID(form.Get("framework")), mesos.TaskID(form.Get("task")), grace)
	}
	if err != nil {
		refuse(w, err)
	}
}
