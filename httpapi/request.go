package httpapi

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
)

// decode reads the call in a request's body. If it reports false it has
// answered the request.
func decode(w http.ResponseWriter, r *http.Request, call wire.Message) (wire.MediaType, bool) {
	if !allow(w, r, http.MethodPost) {
		return 0, false
	}
	contentType := r.Header.Get("Content-Type")
	if contentType == "" {
		answer(w, http.StatusBadRequest, "the request has no Content-Type: %s or %s", wire.JSON, wire.Protobuf)
		return 0, false
	}
	media, ok := wire.ParseMediaType(contentType)
	if !ok {
		answer(w, http.StatusUnsupportedMediaType, "Content-Type %q is neither %s nor %s", contentType, wire.JSON, wire.Protobuf)
		return 0, false
	}
	body, err := readBody(w, r)
	if err != nil {
		refuseBody(w, r, err)
		return 0, false
	}
	if err := media.Unmarshal(body, call); err != nil {
		refuse(w, err)
		return 0, false
	}
	return media, true
}

const (
	// bodyTimeout is how long a client may take to send a request's body.
	bodyTimeout = time.Minute
	// maxIgnored and ignoreTimeout bound what is taken of a body that was refused.
	maxIgnored    = 1 << 30 // bytes
	ignoreTimeout = 5 * time.Second
)

// refuseBody answers a request whose body was not read to its end, and then
// takes what still comes of it: a client that writes everything before it reads
// would otherwise find a broken connection instead of the answer.
func refuseBody(w http.ResponseWriter, r *http.Request, err error) {
	control := http.NewResponseController(w)
	control.EnableFullDuplex() //nolint:errcheck // then the connection breaks sooner
	w.Header().Set("Connection", "close")
	// The client must see the end of the answer while this is still reading.
	w.Header().Set("Content-Length", strconv.Itoa(len(err.Error())))
	refuse(w, err)
	control.Flush()                                        //nolint:errcheck // the client is gone
	control.SetReadDeadline(time.Now().Add(ignoreTimeout)) //nolint:errcheck // the size is bounded, too
	io.CopyN(io.Discard, r.Body, maxIgnored)               //nolint:errcheck // the answer is given
}

// readBody reads a request's body, unpacked if it is gzip, within wire.MaxCallSize.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > wire.MaxCallSize {
		return nil, mesos.Errorf(mesos.TooLarge, "the request has %d bytes, the limit is %d", r.ContentLength, wire.MaxCallSize)
	}
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Now().Add(bodyTimeout)) //nolint:errcheck // not a connection of its own
	defer control.SetReadDeadline(time.Time{})           //nolint:errcheck // as above

	source := io.Reader(http.MaxBytesReader(w, r.Body, wire.MaxCallSize))
	size := int(max(r.ContentLength, 0))
	if strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") {
		unpacked, err := gzip.NewReader(source)
		if err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "read gzip body: %w", err)
		}
		source, size = io.LimitReader(unpacked, wire.MaxCallSize+1), 0
	}
	// One byte more than announced, so that the end is seen without growing.
	body, err := readAll(source, size+1)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large) || len(body) > wire.MaxCallSize:
		return nil, mesos.Errorf(mesos.TooLarge, "the request has more than the limit of %d bytes", wire.MaxCallSize)
	case err != nil:
		return nil, mesos.Errorf(mesos.Invalid, "read body: %w", err)
	}
	return body, nil
}

// readAll is io.ReadAll with a first guess of the size. What is announced is
// believed only so far.
func readAll(r io.Reader, size int) ([]byte, error) {
	const most = 1 << 20 // bytes taken in advance
	if size <= 1 {       // it is not announced
		size = 512
	}
	body := make([]byte, 0, min(size, most))
	for {
		n, err := r.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return body, err
		}
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
	}
}

// negotiate chooses how an answer is encoded. If it reports false it has
// answered the request.
func negotiate(w http.ResponseWriter, r *http.Request) (wire.MediaType, bool) {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	media, ok := wire.Negotiate(accept)
	if !ok {
		answer(w, http.StatusNotAcceptable, "Accept %q allows neither %s nor %s", accept, wire.JSON, wire.Protobuf)
	}
	return media, ok
}
