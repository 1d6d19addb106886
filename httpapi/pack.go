package httpapi

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"hash/maphash"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// packer writes a gzip stream (RFC 1952) whose parts are compressed each by itself,
// so that large parts that were compressed before, for whoever, need not be again.
type packer struct {
	w    io.Writer
	held []byte // small writes, gathered
	sum  uint32
	size uint32
}

// partBytes is from where on bytes that are written together are a part of their own.
const partBytes = 32 << 10

// gzipHeader says deflate, no time, no name, the fastest method, an unknown system.
var gzipHeader = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255}

// begin begins a stream.
func (p *packer) begin(w io.Writer) error {
	p.w = w
	_, err := w.Write(gzipHeader)
	return err
}

// Write takes a part, or holds what is too small to be one.
func (p *packer) Write(b []byte) (int, error) {
	if len(p.held)+len(b) < partBytes {
		p.held = append(p.held, b...)
		return len(b), nil
	}
	if err := p.flush(); err != nil {
		return 0, err
	}
	if len(b) < partBytes {
		p.held = append(p.held, b...)
		return len(b), nil
	}
	return len(b), p.part(b, packs.of)
}

// flush writes what is held.
func (p *packer) flush() error {
	if len(p.held) == 0 {
		return nil
	}
	err := p.part(p.held, deflated)
	p.held = p.held[:0]
	return err
}

func (p *packer) part(b []byte, deflate func([]byte) []byte) error {
	p.sum = crc32.Update(p.sum, crc32.IEEETable, b)
	p.size += uint32(len(b)) // modulo 2^32, as the format has it
	_, err := p.w.Write(deflate(b))
	return err
}

// close ends the stream: with an empty last block, the sum and the size.
func (p *packer) close() error {
	if err := p.flush(); err != nil {
		return err
	}
	end := []byte{3, 0}
	end = binary.LittleEndian.AppendUint32(end, p.sum)
	_, err := p.w.Write(binary.LittleEndian.AppendUint32(end, p.size))
	return err
}

// deflaters are used again: each takes a few hundred KB.
var deflaters = sync.Pool{New: func() any {
	w, err := flate.NewWriter(io.Discard, flate.BestSpeed)
	if err != nil {
		panic("httpapi: " + err.Error()) // there is no such level
	}
	return &deflater{w: w}
}}

type deflater struct {
	w   *flate.Writer
	out bytes.Buffer
}

// deflated is bytes as blocks of which none is the last one (RFC 1951), and which do
// not refer to anything before them.
func deflated(b []byte) []byte {
	d := deflaters.Get().(*deflater)
	defer deflaters.Put(d)
	d.out.Reset()
	d.w.Reset(&d.out)
	d.w.Write(b) //nolint:errcheck // a buffer takes everything
	d.w.Flush()  //nolint:errcheck // as above
	return bytes.Clone(d.out.Bytes())
}

// packs keeps the large parts of answers as they were compressed. Those of a large
// cluster are mostly what they were when the next one reads it.
var packs packCache

// maxPacked bounds how many bytes each half of a packCache keeps: /state of 20,000
// agents and 400,000 tasks, of 270 MB, takes some 30 MB.
const maxPacked = 40 << 20

// packCache has what was compressed by its sum: 128 bits, and nobody else knows how
// they are made. What was not used for long falls out with the older half.
type packCache struct {
	mu    sync.Mutex
	young map[partSum][]byte
	old   map[partSum][]byte
	bytes int // in young
}

type partSum [2]uint64

var partSeeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

// of returns a part compressed.
func (k *packCache) of(part []byte) []byte {
	sum := partSum{maphash.Bytes(partSeeds[0], part), maphash.Bytes(partSeeds[1], part)}
	if known := k.find(sum); known != nil {
		return known
	}
	made := deflated(part)
	k.keep(sum, made)
	return made
}

func (k *packCache) find(sum partSum) []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	known := k.young[sum]
	if known == nil {
		if known = k.old[sum]; known != nil {
			delete(k.old, sum)
			k.keepLocked(sum, known)
		}
	}
	return known
}

func (k *packCache) keep(sum partSum, made []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.young[sum] == nil { // another reader may have been faster
		k.keepLocked(sum, made)
	}
}

// keepLocked puts a part into the younger half; mu is held.
func (k *packCache) keepLocked(sum partSum, made []byte) {
	if k.young == nil || k.bytes+len(made) > maxPacked {
		k.young, k.old, k.bytes = make(map[partSum][]byte), k.young, 0
	}
	k.young[sum] = made
	k.bytes += len(made)
}

// endsPart reports whether a part of an answer ends with this record. It depends on
// nothing but the record, so that a change moves the ends of the parts near to it only.
func endsPart(record []byte) bool {
	const (
		sample = 64 // bytes, where a record says what it is
		among  = 8  // records, on average
	)
	return len(record) >= sample && maphash.Bytes(partSeeds[0], record[:sample])%among == 0
}
