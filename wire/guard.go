package wire

import "google.golang.org/protobuf/encoding/protowire"

// A guard looks through a protobuf message for what would hurt the generated
// decoder, which recurses without a limit and makes a struct of some hundred
// bytes from a message that took two. What is malformed is left for the decoder
// to refuse.
type guard struct {
	memory int // bytes that structs may still take
	// weighs: memory is counted. Otherwise the guard follows only fields that lead
	// to types that can nest in themselves, which costs next to nothing.
	weighs bool
}

const (
	// weighFrom is the size in bytes from which on the memory of protobuf messages
	// is counted. Smaller ones can't take enough to matter.
	weighFrom = 1 << 20
	// The memory that the structs of a message may take grows with the size of the
	// input. Messages as they are in clusters take up to 8 times their size.
	freeMemory     = 16 << 20 // bytes
	memoryPerInput = 16       // bytes per byte
)

func memoryFor(data []byte) int { return freeMemory + memoryPerInput*len(data) }

func tooMuchMemory(offset int) error {
	return &pathError{cause: "too many small messages", offset: offset}
}

// check looks through the message of plan p in data.
func (g *guard) check(p *plan, data []byte, depth int) error {
	if !g.weighs && !p.deep {
		return nil
	}
	if depth > maxProtobufDepth {
		return &pathError{cause: "nested too deep", offset: -1}
	}
	if g.memory -= int(p.goType.Size()); g.weighs && g.memory < 0 {
		return tooMuchMemory(-1)
	}
	return eachMessage(data, func(number protowire.Number, message []byte) error {
		f := p.fieldNumbered(number)
		if f == nil || f.message == nil {
			return nil
		}
		var err error
		if f.shape == dict {
			err = eachMessage(message, func(number protowire.Number, value []byte) error {
				if number != 2 { // of an entry, the key is field 1 and the value field 2
					return nil
				}
				return g.check(f.message, value, depth+1)
			})
		} else {
			err = g.check(f.message, message, depth+1)
		}
		if err != nil {
			return under(err, "."+f.name)
		}
		return nil
	})
}

// eachMessage visits each field in data that may be a message, until an error
// or something malformed.
func eachMessage(data []byte, visit func(number protowire.Number, value []byte) error) error {
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return nil
		}
		size := protowire.ConsumeFieldValue(number, kind, data[n:])
		if size < 0 {
			return nil
		}
		if kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(data[n:])
			if err := visit(number, value); err != nil {
				return err
			}
		}
		data = data[n+size:]
	}
	return nil
}
