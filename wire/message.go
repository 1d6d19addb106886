package wire

import (
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
)

// Message is a message of the protocol: every generated type is one.
type Message interface {
	proto.Message
	Reset()
	SizeVT() int
	MarshalToSizedBufferVT(buffer []byte) (int, error)
	UnmarshalVT(data []byte) error
}

const (
	// MaxCallSize is the most bytes that a server reads of one call's body.
	MaxCallSize = 32 << 20
	// MaxMessageSize is the most bytes that the decoders take as one message.
	// It is far above MaxCallSize because a client reads the state of a large
	// cluster as one message.
	MaxMessageSize = 1 << 30
	// maxProtobufDepth is how deep messages may nest in protobuf.
	maxProtobufDepth = 100
	// maxJSONDepth is how deep objects and arrays may nest in JSON.
	maxJSONDepth = 200
)

// Marshal returns m as protobuf. Its only error is a required field that is not set.
func Marshal(m Message) ([]byte, error) { return Append(nil, m) }

// Append is Marshal onto the end of dst. With room in dst it allocates nothing.
// After an error the contents of dst beyond its length are undefined.
func Append(dst []byte, m Message) ([]byte, error) {
	size := m.SizeVT()
	out := slices.Grow(dst, size)[:len(dst)+size]
	if _, err := m.MarshalToSizedBufferVT(out[len(dst):]); err != nil {
		return dst, explain("encode protobuf", m, err)
	}
	return out, nil
}

// Unmarshal sets m to the protobuf message in data. m keeps no reference to data.
// Errors are of kind mesos.Invalid, or mesos.TooLarge. After an error the
// contents of m are undefined.
func Unmarshal(data []byte, m Message) error {
	const op = "decode protobuf"
	p, at := planFor(m)
	if err := checkSize(op, p, data); err != nil {
		return err
	}
	g := guard{memory: memoryFor(data), weighs: len(data) >= weighFrom}
	if err := g.check(p, data, 0); err != nil {
		return failed(op, p, err)
	}
	m.Reset()
	if err := m.UnmarshalVT(data); err != nil {
		partial := proto.UnmarshalOptions{Merge: true, AllowPartial: true}
		m.Reset()
		if broken := partial.Unmarshal(data, m); broken != nil {
			return failed(op, p, broken)
		}
		return explain(op, m, err)
	}
	if err := p.settle(at); err != nil {
		return failed(op, p, err)
	}
	return nil
}

func checkSize(op string, p *plan, data []byte) error {
	if len(data) > MaxMessageSize {
		return mesos.Errorf(mesos.TooLarge, "%s: %s: %d bytes are more than the limit of %d",
			op, p.name, len(data), MaxMessageSize)
	}
	return nil
}

// explain names the required field that made the generated code fail.
func explain(op string, m Message, err error) error {
	p, at := planFor(m)
	if missing := p.missing(at); missing != nil {
		err = missing
	}
	return failed(op, p, err)
}
