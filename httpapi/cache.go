package httpapi

import (
	"sync"
	"sync/atomic"
)

// cache keeps the encoded form of an immutable record: what was encoded for one
// reader serves all that follow.
type cache struct{ encoded atomic.Pointer[[]byte] }

// scratch are buffers in which records are encoded before their size is known.
var scratch = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// get returns the encoded record. Two readers that ask for it at once may both
// encode it; the outcome is the same.
func (c *cache) get(encode func(dst []byte) []byte) []byte {
	if encoded := c.encoded.Load(); encoded != nil {
		return *encoded
	}
	buffer := scratch.Get().(*[]byte)
	*buffer = encode((*buffer)[:0])
	encoded := append(make([]byte, 0, len(*buffer)), *buffer...)
	scratch.Put(buffer)
	c.encoded.Store(&encoded)
	return encoded
}
