package httpapi

import (
	"net/http"
	"strconv"
	"sync"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
)

// The endpoints that are older than the v1 API have JSON of their own making.
// These functions append it: a key with a comma before it where one is due.

// comma appends a comma unless dst is at the beginning of an object or array.
func comma(dst []byte) []byte {
	if n := len(dst); n > 0 && dst[n-1] != '{' && dst[n-1] != '[' {
		dst = append(dst, ',')
	}
	return dst
}

func appendKey(dst []byte, key string) []byte {
	return append(wire.AppendJSONString(comma(dst), key), ':')
}

func appendString(dst []byte, key, value string) []byte {
	return wire.AppendJSONString(appendKey(dst, key), value)
}

func appendDouble(dst []byte, key string, value float64) []byte {
	return wire.AppendJSONDouble(appendKey(dst, key), value)
}

func appendInt(dst []byte, key string, value int64) []byte {
	return strconv.AppendInt(appendKey(dst, key), value, 10)
}

func appendBool(dst []byte, key string, value bool) []byte {
	return strconv.AppendBool(appendKey(dst, key), value)
}

func appendStrings(dst []byte, key string, values []string) []byte {
	dst = append(appendKey(dst, key), '[')
	for _, value := range values {
		dst = wire.AppendJSONString(comma(dst), value)
	}
	return append(dst, ']')
}

// appendNames appends the names of a list of enum values.
func appendNames[E interface{ String() string }](dst []byte, key string, values []E) []byte {
	dst = append(appendKey(dst, key), '[')
	for _, value := range values {
		dst = wire.AppendJSONString(comma(dst), value.String())
	}
	return append(dst, ']')
}

// appendMessage appends a message as the v1 API writes it, or {} if that fails:
// a published message has its required fields.
func appendMessage(dst []byte, key string, m wire.Message) []byte {
	return appendBare(appendKey(dst, key), m)
}

func appendBare(dst []byte, m wire.Message) []byte {
	out, err := wire.AppendJSON(dst, m)
	if err != nil {
		return append(dst, "{}"...)
	}
	return out
}

// appendMessages appends a list of messages.
func appendMessages[M wire.Message](dst []byte, key string, list []M) []byte {
	dst = append(appendKey(dst, key), '[')
	for _, m := range list {
		dst = appendBare(comma(dst), m)
	}
	return append(dst, ']')
}

// maxCallbackBytes is the longest name of a JSONP callback.
const maxCallbackBytes = 128

// jsonCallback is the request's ?jsonp=. If it reports false it has refused one
// that is no name, which could smuggle a script into a page.
func jsonCallback(w http.ResponseWriter, r *http.Request) (string, bool) {
	callback := r.URL.Query().Get("jsonp")
	for i := range len(callback) {
		c := callback[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == '$'
		if !letter && (c < '0' || c > '9') && c != '.' && c != '[' && c != ']' || i >= maxCallbackBytes {
			refuse(w, mesos.Errorf(mesos.Invalid, "jsonp %q is not the name of a function", callback))
			return "", false
		}
	}
	return callback, true
}

// writeJSON answers with JSON in pieces: write is given a function that takes
// them. With ?jsonp=NAME the answer is a script that calls NAME.
func writeJSON(w http.ResponseWriter, r *http.Request, write func(emit func([]byte))) {
	writeScript(w, r, write, false)
}

// writeSized is writeJSON of an answer whose length is told first, so that it needs
// no chunks, which cost those who write and who read them a quarter of their time.
// write is called twice, and emits the same both times.
func writeSized(w http.ResponseWriter, r *http.Request, write func(emit func([]byte))) {
	writeScript(w, r, write, true)
}

func writeScript(w http.ResponseWriter, r *http.Request, write func(emit func([]byte)), sized bool) {
	if !allow(w, r, http.MethodGet, http.MethodHead) {
		return
	}
	callback, ok := jsonCallback(w, r)
	if !ok {
		return
	}
	out := newPieces(w)
	defer out.release()
	contentType, head, tail := wire.JSON.String(), "", ""
	if callback != "" {
		contentType, head, tail = "text/javascript", callback+"(", ");"
	}
	w.Header().Set("Content-Type", contentType)
	if sized {
		length := len(head) + len(tail)
		write(func(b []byte) { length += len(b) })
		w.Header().Set("Content-Length", strconv.Itoa(length))
	}
	out.add([]byte(head))
	write(out.add)
	out.add([]byte(tail))
	out.flush()
}

// pieceBytes is how much of a large answer is written at once. Each piece of an
// answer whose length is not known costs two calls of the system.
const pieceBytes = 128 << 10

// pieceBuffers are used again: most answers need little of one.
var pieceBuffers = sync.Pool{New: func() any { b := make([]byte, 0, pieceBytes); return &b }}

// pieces gathers what is written into large pieces.
type pieces struct {
	w       http.ResponseWriter
	buffer  []byte
	pooled  *[]byte
	packed  bool // the answer may be compressed
	written bool // a piece
	failed  bool
}

func newPieces(w http.ResponseWriter) *pieces {
	pooled := pieceBuffers.Get().(*[]byte)
	_, packed := w.(*compressor)
	return &pieces{w: w, buffer: (*pooled)[:0], pooled: pooled, packed: packed}
}

// release gives the buffer back.
func (p *pieces) release() { pieceBuffers.Put(p.pooled) }

// writingTurns takes care that answers of many pieces leave room for others.
var writingTurns turns

func (p *pieces) add(b []byte) {
	if len(p.buffer)+len(b) > cap(p.buffer) {
		p.flush()
	}
	if len(b) > cap(p.buffer) {
		p.write(b)
		return
	}
	p.buffer = append(p.buffer, b...)
	if p.packed && len(p.buffer) >= pieceBytes/2 && endsPart(b) {
		p.flush()
	}
}

func (p *pieces) flush() {
	p.write(p.buffer)
	p.buffer = p.buffer[:0]
}

func (p *pieces) write(b []byte) {
	if p.failed || len(b) == 0 {
		return
	}
	if p.written {
		defer writingTurns.give(writingTurns.take())
	}
	_, err := p.w.Write(b)
	p.written, p.failed = true, err != nil // the client is gone
}
