package httpapi

import (
	"net/http"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/mesosctl/mesosctl/wire"
)

// An answer to GET_STATE is too large to be built as one message: it is written
// record by record, from what each record keeps encoded.

// encodings are an immutable record in the encodings of the API.
type encodings struct{ json, protobuf cache }

// get returns the encoded record.
func (e *encodings) get(media wire.MediaType, m wire.Message) []byte {
	return e.made(media, func() wire.Message { return m })
}

// made is get of a record that is made to be encoded: once, not at every read.
func (e *encodings) made(media wire.MediaType, record func() wire.Message) []byte {
	kept := &e.protobuf
	if media == wire.JSON {
		kept = &e.json
	}
	return kept.get(func(dst []byte) []byte {
		encoded, err := media.Append(dst, record())
		if err != nil { // a published record has its required fields
			panic("httpapi: encode a published record: " + err.Error())
		}
		return encoded
	})
}

// section is a field that is a message, made of lists of records or of other
// sections.
type section struct {
	name   string
	number protowire.Number
	lists  []listing
	parts  []section
}

// listing is a repeated field of records.
type listing struct {
	name    string
	number  protowire.Number
	len     int
	encoded func(i int, media wire.MediaType) []byte
}

// list makes a listing of records.
func list[R any](name string, number protowire.Number, records []R, encoded func(R, wire.MediaType) []byte) listing {
	return listing{name, number, len(records), func(i int, media wire.MediaType) []byte {
		return encoded(records[i], media)
	}}
}

// emitJSON writes the section as a field.
func (s *section) emitJSON(emit func([]byte)) {
	emit([]byte(`"` + s.name + `":{`))
	first := true
	next := func() {
		if !first {
			emit(separator)
		}
		first = false
	}
	for i := range s.parts {
		next()
		s.parts[i].emitJSON(emit)
	}
	for _, l := range s.lists {
		if l.len == 0 {
			continue
		}
		next()
		emit([]byte(`"` + l.name + `":[`))
		for i := range l.len {
			if i > 0 {
				emit(separator)
			}
			emit(l.encoded(i, wire.JSON))
		}
		emit([]byte("]"))
	}
	emit([]byte("}"))
}

// size is the section's length in protobuf, without its own tag and length.
func (s *section) size() int {
	size := 0
	for i := range s.parts {
		size += protowire.SizeTag(s.parts[i].number) + protowire.SizeBytes(s.parts[i].size())
	}
	for _, l := range s.lists {
		for i := range l.len {
			size += protowire.SizeTag(l.number) + protowire.SizeBytes(len(l.encoded(i, wire.Protobuf)))
		}
	}
	return size
}

// emitProtobuf writes the section as a field.
func (s *section) emitProtobuf(emit func([]byte)) {
	var head [2 * protowireMax]byte
	begin := func(number protowire.Number, size int) {
		tag := protowire.AppendTag(head[:0], number, protowire.BytesType)
		emit(protowire.AppendVarint(tag, uint64(size)))
	}
	begin(s.number, s.size())
	for i := range s.parts {
		s.parts[i].emitProtobuf(emit)
	}
	for _, l := range s.lists {
		for i := range l.len {
			record := l.encoded(i, wire.Protobuf)
			begin(l.number, len(record))
			emit(record)
		}
	}
}

// protowireMax is the most bytes of a varint.
const protowireMax = 10

// answerWith answers a call of a type with one section.
func answerWith(typeName string, typeNumber int32, s section) answerer {
	return func(w http.ResponseWriter, _ *http.Request, media wire.MediaType) {
		w.Header().Set("Content-Type", media.String())
		out := newPieces(w)
		defer out.release()
		if media == wire.JSON {
			out.add([]byte(`{"type":"` + typeName + `",`))
			s.emitJSON(out.add)
			out.add([]byte("}"))
		} else {
			const typeField = 1
			head := protowire.AppendTag(nil, typeField, protowire.VarintType)
			out.add(protowire.AppendVarint(head, uint64(typeNumber)))
			s.emitProtobuf(out.add)
		}
		out.flush()
	}
}
