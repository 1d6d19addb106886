package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Verbosity is how much a daemon logs: at 0 what its flags say, above that
// everything. See https://mesos.apache.org/documentation/latest/logging/.
type Verbosity interface {
	Verbosity() uint32
	// SetVerbosity logs as much for a while, and then what the flags say again.
	SetVerbosity(level uint32, d time.Duration)
}

// verbosity is how much is logged now.
func (d *Daemon) verbosity() *uint32 {
	level := uint32(0)
	if d.Log != nil {
		level = d.Log.Verbosity()
	}
	return &level
}

// setVerbosity changes how much is logged.
func (d *Daemon) setVerbosity(ctx context.Context, level uint32, duration time.Duration) error {
	switch {
	case d.ACLs != nil && !d.ACLs.AllowsAny(principalOf(ctx), acl.SetLogLevel):
		return d.forbidden(ctx, "set the log level")
	case d.Log == nil:
		return mesos.Errorf(mesos.Unsupported, "this daemon does not log")
	case duration < 0:
		return mesos.Errorf(mesos.Invalid, "duration: %v is negative", duration)
	}
	d.Log.SetVerbosity(level, duration)
	return nil
}

// levelCall is a SET_LOGGING_LEVEL of either API.
type levelCall interface {
	GetLevel() uint32
	GetDuration() *mesospb.DurationInfo
}

func (d *Daemon) callSetLevel(ctx context.Context, call levelCall) (answerer, error) {
	err := d.setVerbosity(ctx, call.GetLevel(), time.Duration(call.GetDuration().GetNanoseconds()))
	return done, err
}

func (d *Daemon) masterLevel() *masterpb.Response {
	return &masterpb.Response{
		Type:            masterpb.Response_GET_LOGGING_LEVEL.Enum(),
		GetLoggingLevel: &masterpb.Response_GetLoggingLevel{Level: d.verbosity()},
	}
}

func (d *Daemon) agentLevel() *agentpb.Response {
	return &agentpb.Response{
		Type:            agentpb.Response_GET_LOGGING_LEVEL.Enum(),
		GetLoggingLevel: &agentpb.Response_GetLoggingLevel{Level: d.verbosity()},
	}
}

// toggle serves /logging/toggle: without a query it tells the level, as in Mesos.
func (d *Daemon) toggle(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodGet, http.MethodPost) {
		return
	}
	query := r.URL.Query()
	if !query.Has("level") && !query.Has("duration") {
		writeText(w, strconv.FormatUint(uint64(*d.verbosity()), 10)+"\n")
		return
	}
	for _, name := range []string{"duration", "level"} {
		if query.Get(name) == "" {
			refuse(w, mesos.Errorf(mesos.Invalid, "the query has no %s=VALUE", name))
			return
		}
	}
	level, err := strconv.ParseUint(query.Get("level"), 10, 31)
	if err != nil {
		refuse(w, mesos.Errorf(mesos.Invalid, "level: %q is not a number of at least 0", query.Get("level")))
		return
	}
	duration, err := mesos.ParseDuration(query.Get("duration"))
	if err == nil {
		err = d.setVerbosity(r.Context(), uint32(level), duration)
	}
	if err != nil {
		refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func writeText(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(text)) // who asked may be gone
}
