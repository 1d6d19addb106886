package httpapi

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/convert"
)

// maxInputRecord bounds one record of input, in bytes.
const maxInputRecord = 4 << 20

// streamedCall serves a call whose body is a stream of records. Input for a
// container is the only one there is.
func (a *Agent) streamedCall(w http.ResponseWriter, r *http.Request) {
	media, ok := wire.ParseMediaType(r.Header.Get("Message-Content-Type"))
	switch {
	case r.Header.Get("Message-Content-Type") == "":
		answer(w, http.StatusBadRequest, "a request of type %s needs a Message-Content-Type: %s or %s", wire.RecordIO, wire.JSON, wire.Protobuf)
		return
	case !ok:
		answer(w, http.StatusUnsupportedMediaType, "Message-Content-Type %q is neither %s nor %s",
			r.Header.Get("Message-Content-Type"), wire.JSON, wire.Protobuf)
		return
	}
	if _, ok := negotiateRecords(w, r); !ok {
		return
	}
	// The answer may come while the client still has something to say, which must not
	// be taken for another request.
	w.Header().Set("Connection", "close")
	http.NewResponseController(w).EnableFullDuplex() //nolint:errcheck // HTTP/2 always is
	records := inputRecords{wire.NewRecordReader(r.Body, maxInputRecord), media}
	call, err := records.next()
	switch {
	case errors.Is(err, io.EOF):
		err = mesos.Errorf(mesos.Invalid, "the stream ended before the first record")
	case err == nil && call.GetType() != agentpb.Call_ATTACH_CONTAINER_INPUT:
		answer(w, http.StatusUnsupportedMediaType, "a %s call is not a stream: its Content-Type is %s or %s",
			call.GetType(), wire.JSON, wire.Protobuf)
		return
	case err == nil:
		err = validateFirstInput(call.GetAttachContainerInput())
	}
	if err == nil {
		err = a.attachInput(w, r, call.GetAttachContainerInput(), records)
	}
	if err != nil {
		refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// inputRecords are the records of a call.
type inputRecords struct {
	from  *wire.RecordReader
	media wire.MediaType
}

func (r *inputRecords) next() (*agentpb.Call, error) {
	record, err := r.from.Next()
	if err != nil {
		return nil, err
	}
	call := new(agentpb.Call)
	if err := r.media.Unmarshal(record, call); err != nil {
		return nil, err
	}
	return call, nil
}

// validateFirstInput: the first record names the container.
func validateFirstInput(call *agentpb.Call_AttachContainerInput) error {
	switch {
	case call == nil:
		return missing("ATTACH_CONTAINER_INPUT", "attach_container_input")
	case call.GetType() != agentpb.Call_AttachContainerInput_CONTAINER_ID:
		return mesos.Errorf(mesos.Invalid, "attach_container_input.type: the first must be CONTAINER_ID")
	case call.ContainerId == nil:
		return mesos.Errorf(mesos.Invalid, "attach_container_input.container_id: missing")
	}
	if err := validateContainerID(call.ContainerId); err != nil {
		return mesos.Errorf(mesos.Invalid, "attach_container_input.%w", err)
	}
	return nil
}

// attachInput passes records on to a container until there are no more, or the
// container has ended, however much the client would still say.
func (a *Agent) attachInput(w http.ResponseWriter, r *http.Request, call *agentpb.Call_AttachContainerInput, records inputRecords) error {
	id := convert.ContainerID(call.GetContainerId())
	if err := a.mayAttach(r.Context(), id, acl.AttachContainerInput); err != nil {
		return err
	}
	input, err := a.Containers.AttachInput(r.Context(), id)
	if err != nil {
		return err
	}
	defer input.Close() //nolint:errcheck // what was written is on its way
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-input.Ended():
			http.NewResponseController(w).SetReadDeadline(time.Now()) //nolint:errcheck // then it waits for the client
		case <-over:
		}
	}()
	err = copyInput(input, records)
	select {
	case <-input.Ended():
		return nil
	default:
		return err
	}
}

func copyInput(input ContainerInput, records inputRecords) error {
	for {
		call, err := records.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := sendInput(input, call.GetAttachContainerInput()); err != nil {
			return err
		}
	}
}

// sendInput does what one record says.
func sendInput(input ContainerInput, call *agentpb.Call_AttachContainerInput) error {
	if call.GetType() != agentpb.Call_AttachContainerInput_PROCESS_IO {
		return mesos.Errorf(mesos.Invalid, "attach_container_input.type: all but the first must be PROCESS_IO")
	}
	switch message := call.GetProcessIo(); message.GetType() {
	case agentpb.ProcessIO_DATA:
		switch data := message.GetData(); {
		case data.GetType() != agentpb.ProcessIO_Data_STDIN:
			return mesos.Errorf(mesos.Invalid, "attach_container_input.process_io.data.type: it must be STDIN")
		case data.GetData() == nil:
			return mesos.Errorf(mesos.Invalid, "attach_container_input.process_io.data.data: missing")
		case len(data.GetData()) == 0:
			return input.End()
		default:
			return input.Write(data.GetData())
		}
	case agentpb.ProcessIO_CONTROL:
		return controlInput(input, message.GetControl())
	}
	return mesos.Errorf(mesos.Invalid, "attach_container_input.process_io.type: it must be DATA or CONTROL")
}

func controlInput(input ContainerInput, control *agentpb.ProcessIO_Control) error {
	switch control.GetType() {
	case agentpb.ProcessIO_Control_HEARTBEAT:
		return nil
	case agentpb.ProcessIO_Control_TTY_INFO:
		size := control.GetTtyInfo().GetWindowSize()
		if size == nil {
			return mesos.Errorf(mesos.Invalid, "attach_container_input.process_io.control.tty_info.window_size: missing")
		}
		return input.Resize(uint16(size.GetRows()), uint16(size.GetColumns()))
	}
	return mesos.Errorf(mesos.Invalid, "attach_container_input.process_io.control.type: it must be TTY_INFO or HEARTBEAT")
}
