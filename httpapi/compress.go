package httpapi

import (
	"net/http"
	"runtime"
	"strconv"
	"strings"
)

// minCompressed is the fewest bytes that an answer is compressed for, as in Mesos.
const minCompressed = 1024

// compressed sends what next answers with gzip to clients that accept it. Answers
// that are flushed as they come, or whose connection is taken over, are streams and
// stay as they are, and so do files.
func compressed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead || !wantsGzip(r) {
			if r.Method != http.MethodPost { // nobody keeps answers to calls, and there are many
				w.Header().Add("Vary", "Accept-Encoding")
			}
			next.ServeHTTP(w, r)
			return
		}
		c := compressor{ResponseWriter: w}
		defer c.release()
		next.ServeHTTP(&c, r)
		c.finish()
	})
}

func wantsGzip(r *http.Request) bool {
	accept := r.Header.Values("Accept-Encoding")
	return len(accept) > 0 && acceptsGzip(strings.Join(accept, ","))
}

// acceptsGzip reports whether a client wants gzip rather than nothing, by its
// Accept-Encoding header. See RFC 9110, section 12.5.3.
func acceptsGzip(accept string) bool {
	quality := map[string]float64{}
	for element := range strings.SplitSeq(accept, ",") {
		coding, parameter, _ := strings.Cut(element, ";")
		coding = strings.ToLower(strings.TrimSpace(coding))
		q := 1.0
		if name, value, _ := strings.Cut(parameter, "="); strings.EqualFold(strings.TrimSpace(name), "q") {
			parsed, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil || !(parsed >= 0 && parsed <= 1) {
				continue // what nobody can understand is not accepted
			}
			q = parsed
		}
		if coding == "x-gzip" { // its older name
			coding = "gzip"
		}
		quality[coding] = max(quality[coding], q)
	}
	q, named := quality["gzip"]
	if !named {
		q = quality["*"]
	}
	return q > 0 && q >= quality["identity"]
}

// compressor compresses an answer once it is known to be long enough, and no stream.
type compressor struct {
	http.ResponseWriter
	status  int // 0 until the handler gave one
	held    []byte
	packer  *packer
	decided bool
	large   bool // it has one of largeAnswers
}

// largeAnswers bounds how many large answers are compressed at a time, so that
// those who read everything leave processors to those who decide. Others are sent
// as they are.
var largeAnswers = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))

// Unwrap is for http.ResponseController: whoever takes the connection over writes
// to it directly.
func (c *compressor) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (c *compressor) WriteHeader(status int) {
	if status < http.StatusOK {
		c.ResponseWriter.WriteHeader(status)
		return
	}
	if c.status == 0 {
		c.status = status
	}
}

// Write implements http.ResponseWriter.
func (c *compressor) Write(b []byte) (int, error) {
	if !c.decided {
		if len(c.held)+len(b) < minCompressed {
			c.held = append(c.held, b...)
			return len(b), nil
		}
		if err := c.decide(c.mayPack() && c.room(len(b))); err != nil {
			return 0, err
		}
	}
	if c.packer != nil {
		return c.packer.Write(b)
	}
	return c.ResponseWriter.Write(b)
}

// FlushError implements what http.ResponseController looks for: an answer of which
// something is to be seen before its end is not compressed.
func (c *compressor) FlushError() error {
	if !c.decided {
		if err := c.decide(false); err != nil {
			return err
		}
	}
	if c.packer != nil {
		if err := c.packer.flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(c.ResponseWriter).Flush()
}

// mayPack reports whether the answer is one that can be compressed: whole, and not
// a file, which may be anything.
func (c *compressor) mayPack() bool {
	h := c.Header()
	return h.Get("Content-Encoding") == "" && h.Get("Content-Range") == "" && h.Get("Content-Type") != "application/octet-stream" &&
		c.status != http.StatusNoContent && c.status != http.StatusNotModified
}

// room reports whether there is a place for an answer that begins with so many
// bytes at once. Only large ones, which come in whole pieces, need one.
func (c *compressor) room(bytes int) bool {
	if bytes < pieceBytes/2 {
		return true
	}
	select {
	case largeAnswers <- struct{}{}:
		c.large = true
		return true
	default:
		return false
	}
}

// decide begins the answer.
func (c *compressor) decide(pack bool) error {
	c.decided = true
	h := c.Header()
	h.Add("Vary", "Accept-Encoding")
	if pack {
		h.Set("Content-Encoding", "gzip")
		h.Del("Content-Length")
	}
	if c.status != 0 {
		c.ResponseWriter.WriteHeader(c.status)
	}
	held := c.held
	c.held = nil
	if pack {
		c.packer = new(packer)
		if err := c.packer.begin(c.ResponseWriter); err != nil {
			return err
		}
		c.packer.held = held
		return nil
	}
	if len(held) == 0 {
		return nil
	}
	_, err := c.ResponseWriter.Write(held)
	return err
}

// finish ends the answer. That of a handler that panicked has no end.
func (c *compressor) finish() {
	if !c.decided {
		if c.status == 0 && len(c.held) == 0 { // the connection was taken over, or there is no body
			return
		}
		c.decide(false) //nolint:errcheck // the client is gone
	}
	if c.packer != nil {
		c.packer.close() //nolint:errcheck // the client is gone
	}
}

// release gives back what the answer took.
func (c *compressor) release() {
	if c.large {
		<-largeAnswers
	}
}
