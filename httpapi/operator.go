package httpapi

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// What masters and agents answer to operators' calls alike.

// flagList is the answer to GET_FLAGS, sorted by name.
func (d *Daemon) flagList() []*mesospb.Flag {
	list := make([]*mesospb.Flag, 0, len(d.Flags))
	for _, name := range slices.Sorted(maps.Keys(d.Flags)) {
		value := d.Flags[name]
		list = append(list, &mesospb.Flag{Name: &name, Value: &value})
	}
	return list
}

// readFile is the answer to READ_FILE.
func (d *Daemon) readFile(ctx context.Context, path string, offset uint64, length *uint64) (data []byte, size *uint64, err error) {
	if d.Files == nil {
		return nil, nil, mesos.Errorf(mesos.NotFound, "there is no file %q", path)
	}
	data, bytes, err := d.Files.Read(principalOf(ctx), path, offset, length)
	if err != nil {
		return nil, nil, err
	}
	if data == nil {
		data = []byte{} // a required field
	}
	total := uint64(bytes)
	return data, &total, nil
}

// listFiles is the answer to LIST_FILES.
func (d *Daemon) listFiles(ctx context.Context, path string) ([]*mesospb.FileInfo, error) {
	if d.Files == nil {
		return nil, mesos.Errorf(mesos.NotFound, "there is no file %q", path)
	}
	return d.Files.Browse(principalOf(ctx), path)
}

// missing is the error of a call without the message that its type needs.
func missing(callType, field string) error {
	return mesos.Errorf(mesos.Invalid, "a %s call needs the field %s", callType, field)
}

// unsupported is the error of a call that this version does not serve.
func unsupported(callType string) error {
	return mesos.Errorf(mesos.Unsupported, "this version does not serve %s calls", callType)
}

// answerer writes the answer to a call.
type answerer func(w http.ResponseWriter, r *http.Request, media wire.MediaType)

// message answers with a message.
func message(m wire.Message) answerer {
	return func(w http.ResponseWriter, _ *http.Request, media wire.MediaType) { reply(w, media, m) }
}

// done answers 200 without a body: operators' calls are done when answered.
func done(w http.ResponseWriter, _ *http.Request, _ wire.MediaType) { w.WriteHeader(http.StatusOK) }

// operate serves one operator's call: it is decoded, answered and encoded.
func operate[C wire.Message](w http.ResponseWriter, r *http.Request, call C, serve func(context.Context, C) (answerer, error)) {
	if _, ok := decode(w, r, call); !ok {
		return
	}
	media, ok := negotiate(w, r)
	if !ok {
		return
	}
	answer, err := serve(r.Context(), call)
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, r, media)
}
