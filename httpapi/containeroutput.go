package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// recordMedia is how an answer of records is encoded: with RecordIO's own type, or
// with the type of the records, as clients that know no other ask for.
type recordMedia struct {
	of       wire.MediaType
	recordIO bool
}

// negotiateRecords chooses how the answer to a call is encoded. If it reports
// false it has answered the request.
func negotiateRecords(w http.ResponseWriter, r *http.Request) (recordMedia, bool) {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	each := strings.Join(r.Header.Values("Message-Accept"), ",")
	media, ok := wire.Negotiate(accept)
	switch {
	case ok && each != "":
		answer(w, http.StatusNotAcceptable, "Message-Accept %q is for answers of type %s only", each, wire.RecordIO)
		return recordMedia{}, false
	case ok:
		return recordMedia{of: media}, true
	case !wire.AcceptsRecordIO(accept):
		answer(w, http.StatusNotAcceptable, "Accept %q allows none of %s, %s and %s", accept, wire.JSON, wire.Protobuf, wire.RecordIO)
		return recordMedia{}, false
	}
	if media, ok = wire.Negotiate(each); !ok {
		answer(w, http.StatusNotAcceptable, "Message-Accept %q allows neither %s nor %s", each, wire.JSON, wire.Protobuf)
	}
	return recordMedia{media, true}, ok
}

// launchSession launches a container in another, answers with what it writes, and
// kills it when it has no more to write, or nobody reads it any more.
func (a *Agent) launchSession(w http.ResponseWriter, r *http.Request, call *agentpb.Call_LaunchNestedContainerSession, media recordMedia) {
	launch := ContainerLaunch{
		ID: convert.ContainerID(call.GetContainerId()), Command: call.GetCommand(), Container: call.GetContainer(),
	}
	err := a.mayLaunch(r.Context(), launch, acl.LaunchNestedContainerSessionAsUser, acl.LaunchNestedContainerSessionUnderParent)
	if err != nil {
		refuse(w, err)
		return
	}
	output, err := a.Containers.LaunchSession(r.Context(), launch)
	switch {
	case mesos.KindOf(err) == mesos.Conflict:
		w.WriteHeader(http.StatusAccepted)
		return
	case err != nil:
		refuse(w, launchFailed(err))
		return
	}
	defer a.Containers.Destroy(context.WithoutCancel(r.Context()), launch.ID) //nolint:errcheck // it may have ended
	a.writeOutput(w, r, output, media)
}

// attachOutput answers with what a container writes from now on.
func (a *Agent) attachOutput(w http.ResponseWriter, r *http.Request, call *agentpb.Call_AttachContainerOutput, media recordMedia) {
	id := convert.ContainerID(call.GetContainerId())
	if err := a.mayAttach(r.Context(), id, acl.AttachContainerOutput); err != nil {
		refuse(w, err)
		return
	}
	output, err := a.Containers.AttachOutput(r.Context(), id)
	if err != nil {
		refuse(w, err)
		return
	}
	a.writeOutput(w, r, output, media)
}

// writeOutput answers with output until it ends. The client's connection is what
// holds up who writes: nothing is queued here.
func (a *Agent) writeOutput(w http.ResponseWriter, r *http.Request, output ContainerOutput, media recordMedia) {
	defer output.Close() //nolint:errcheck // it was only read
	defer context.AfterFunc(r.Context(), func() {
		output.Close() //nolint:errcheck // as above
	})()
	if media.recordIO {
		w.Header().Set("Content-Type", wire.RecordIO)
		w.Header().Set("Message-Content-Type", media.of.String())
	} else {
		w.Header().Set("Content-Type", media.of.String())
	}
	records := &recordWriter{to: w, control: http.NewResponseController(w), media: media.of}
	if records.flush() != nil {
		return
	}
	stop := records.beat(a.HeartbeatInterval)
	defer stop()
	for {
		stderr, data, err := output.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			err = records.write(processOutput(stderr, data))
		}
		if err != nil {
			panic(http.ErrAbortHandler) // for the client to see that this is not the end
		}
	}
}

func processOutput(stderr bool, data []byte) *agentpb.ProcessIO {
	from := agentpb.ProcessIO_Data_STDOUT
	if stderr {
		from = agentpb.ProcessIO_Data_STDERR
	}
	return &agentpb.ProcessIO{
		Type: agentpb.ProcessIO_DATA.Enum(), Data: &agentpb.ProcessIO_Data{Type: from.Enum(), Data: data},
	}
}

// recordWriter writes records to a client, each at once.
type recordWriter struct {
	control *http.ResponseController
	media   wire.MediaType

	mu     sync.Mutex
	to     io.Writer
	buffer []byte
}

func (w *recordWriter) flush() error { return w.control.Flush() }

func (w *recordWriter) write(m wire.Message) (err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.buffer, err = wire.AppendMessageRecord(w.buffer[:0], w.media, m); err != nil {
		return err
	}
	if _, err = w.to.Write(w.buffer); err != nil {
		return err
	}
	return w.flush()
}

// beat writes heartbeats, by which a client tells a quiet container from a
// connection that is lost, until stop is called. No interval means none.
func (w *recordWriter) beat(interval time.Duration) (stop func()) {
	if interval <= 0 {
		return func() {}
	}
	nanoseconds := interval.Nanoseconds()
	heartbeat := &agentpb.ProcessIO{
		Type: agentpb.ProcessIO_CONTROL.Enum(),
		Control: &agentpb.ProcessIO_Control{
			Type: agentpb.ProcessIO_Control_HEARTBEAT.Enum(),
			Heartbeat: &agentpb.ProcessIO_Control_Heartbeat{
				Interval: &mesospb.DurationInfo{Nanoseconds: &nanoseconds},
			},
		},
	}
	stopping := make(chan struct{})
	var beating sync.WaitGroup
	beating.Go(func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				if w.write(heartbeat) != nil {
					return // who writes output notices as well
				}
			case <-stopping:
				return
			}
		}
	})
	return func() {
		close(stopping)
		beating.Wait()
	}
}
