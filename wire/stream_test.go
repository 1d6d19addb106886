package wire_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// covers: RecordIOReaderTest.EndOfFile
func TestRecordsUntilTheEndOfTheStream(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789"), 50_000)
	var stream []byte
	for _, record := range [][]byte{[]byte("HELLO"), []byte("WORLD!"), nil, large, []byte("\n1\n")} {
		stream = wire.AppendRecord(stream, record)
	}
	if !bytes.HasPrefix(stream, []byte("5\nHELLO6\nWORLD!0\n500000\n0123")) {
		t.Fatalf("stream begins with %q", stream[:30])
	}
	for name, r := range map[string]io.Reader{
		"whole": bytes.NewReader(stream), "byte by byte": iotest.OneByteReader(bytes.NewReader(stream)),
		"end with data": iotest.DataErrReader(bytes.NewReader(stream)),
	} {
		records := wire.NewRecordReader(r, len(large))
		for _, want := range []string{"HELLO", "WORLD!", "", string(large), "\n1\n"} {
			if got, err := records.Next(); err != nil || string(got) != want {
				t.Fatalf("%s: got %.20q, %v, want %.20q", name, got, err, want)
			}
		}
		for range 2 {
			if got, err := records.Next(); !errors.Is(err, io.EOF) {
				t.Errorf("%s: got %q, %v at the end", name, got, err)
			}
		}
	}
}

// covers: RecordIOReaderTest.DecodingFailure
func TestARecordWithoutALength(t *testing.T) {
	for stream, want := range map[string]string{
		"not encoded!\n":             `read record 0: length "not encoded!": not a decimal number`,
		"5\nHELLOnot encoded at all": `read record 1: length "not encoded at all": unexpected EOF`,
		"\n":                         `read record 0: length "": not a decimal number`,
		"-1\nx":                      `read record 0: length "-1": not a decimal number`,
		"+1\nx":                      `read record 0: length "+1": not a decimal number`,
		"0x1\nx":                     `read record 0: length "0x1": not a decimal number`,
		"18446744073709551616\n":     `read record 0: length "18446744073709551616": not a decimal number`,
		"123456789012345678901\n":    `read record 0: length "12345678901234567890"...: not a decimal number`,
		"4294967296\n":               `read record 0: 4294967296 bytes are more than the limit of 5`,
		"5\nHELLO6\nWORLD!5\nHELLO":  `read record 1: 6 bytes are more than the limit of 5`,
	} {
		records := wire.NewRecordReader(strings.NewReader(stream), 5)
		err := lastError(records)
		if strings.HasSuffix(want, "EOF") {
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%q: got %v", stream, err)
			}
			continue
		}
		if err.Error() != want {
			t.Errorf("%q:\ngot  %v\nwant %s", stream, err, want)
		}
		kind := mesos.Invalid
		if strings.Contains(want, "limit") {
			kind = mesos.TooLarge
		}
		if mesos.KindOf(err) != kind {
			t.Errorf("%q: kind is %v", stream, mesos.KindOf(err))
		}
		if _, again := records.Next(); !errors.Is(again, err) {
			t.Errorf("%q: the next error is %v", stream, again)
		}
	}
}

// covers: RecordIOReaderTest.PipeFailure
func TestARecordStreamThatBreaks(t *testing.T) {
	broken := errors.New("connection reset")
	for _, stream := range []string{"5\nHELLO", "5\nHELLO6", "5\nHELLO6\nWOR"} {
		records := wire.NewRecordReader(io.MultiReader(strings.NewReader(stream), iotest.ErrReader(broken)), 10)
		if got, err := records.Next(); err != nil || string(got) != "HELLO" {
			t.Fatalf("%q: got %q, %v", stream, got, err)
		}
		for range 2 {
			if _, err := records.Next(); !errors.Is(err, broken) {
				t.Errorf("%q: got %v", stream, err)
			}
		}
	}
	for _, stream := range []string{"5", "5\n", "5\nHELL"} {
		if err := lastError(wire.NewRecordReader(strings.NewReader(stream), 10)); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: got %v", stream, err)
		}
	}
}

func lastError(records *wire.RecordReader) error {
	for {
		if _, err := records.Next(); err != nil {
			return err
		}
	}
}

func TestMessagesAsRecords(t *testing.T) {
	event := offersEvent(2)
	for _, media := range []wire.MediaType{wire.JSON, wire.Protobuf} {
		stream, err := wire.AppendMessageRecord([]byte("1\n!"), media, event)
		if err != nil {
			t.Fatal(err)
		}
		payload, err := media.Append(nil, event)
		if err != nil {
			t.Fatal(err)
		}
		if want := wire.AppendRecord([]byte("1\n!"), payload); !bytes.Equal(stream, want) {
			t.Errorf("%v: got %q", media, stream)
		}
		records := wire.NewRecordReader(bytes.NewReader(stream), wire.MaxMessageSize)
		_, _ = records.Next()
		record, err := records.Next()
		got := new(schedulerpb.Event)
		if err != nil || media.Unmarshal(record, got) != nil || len(got.GetOffers().GetOffers()) != 2 {
			t.Errorf("%v: %v, got %v", media, err, got)
		}
	}
	dst := []byte("before")
	if got, err := wire.AppendMessageRecord(dst, wire.JSON, &mesospb.TaskID{}); err == nil || string(got) != "before" {
		t.Errorf("got %q, %v", got, err)
	}
}

// covers: ProtobufIOTest.Basic
func TestFrames(t *testing.T) {
	var stream []byte
	var err error
	want := []*mesospb.TaskID{{Value: new("one")}, {Value: new("")}, {Value: new(strings.Repeat("x", 300_000))}}
	for _, id := range want {
		if stream, err = wire.AppendFrame(stream, id); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.HasPrefix(stream, []byte("\x00\x00\x00\x05\x0a\x03one\x00\x00\x00\x02\x0a\x00")) {
		t.Fatalf("stream begins with %q", stream[:16])
	}
	frames := wire.NewFrameReader(iotest.HalfReader(bytes.NewReader(stream)), 1<<20)
	got := new(mesospb.TaskID)
	for i, id := range want {
		if err := frames.Next(got); err != nil || !proto.Equal(got, id) {
			t.Fatalf("frame %d: %v, %.20v", i, err, got)
		}
	}
	for range 2 {
		if err := frames.Next(got); !errors.Is(err, io.EOF) {
			t.Errorf("at the end: %v", err)
		}
	}
	if got, err := wire.AppendFrame([]byte("before"), &mesospb.TaskID{}); err == nil || string(got) != "before" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestFramesThatAreRefused(t *testing.T) {
	frames := wire.NewFrameReader(strings.NewReader("\x00\x00\x00\x01\xff\x00\x00\x00\x03\x0a\x01t\x00\x01\x00\x00"), 100)
	got := new(mesospb.TaskID)
	if err := frames.Next(got); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("garbage: %v", err)
	}
	if err := frames.Next(got); err != nil || got.GetValue() != "t" {
		t.Errorf("after garbage: %v, %v", got, err)
	}
	err := frames.Next(got)
	if mesos.KindOf(err) != mesos.TooLarge || err.Error() != "read frame: 65536 bytes are more than the limit of 100" {
		t.Errorf("too large: %v", err)
	}
	if again := frames.Next(got); !errors.Is(again, err) {
		t.Errorf("after that: %v", again)
	}
	for _, torn := range []string{"\x00", "\x00\x00\x00\x05", "\x00\x00\x00\x05\x0a\x03on"} {
		if err := wire.NewFrameReader(strings.NewReader(torn), 100).Next(got); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: %v", torn, err)
		}
	}
}

// What a peer announces costs nothing until it sends it.
func TestAnnouncedLengthsTakeNoMemory(t *testing.T) {
	allocated := func(f func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	const limit = 1 << 20 // bytes
	n := allocated(func() {
		_, _ = wire.NewRecordReader(strings.NewReader("1000000000\nx"), wire.MaxMessageSize).Next()
		_ = wire.NewFrameReader(strings.NewReader("\x3f\xff\xff\xffx"), wire.MaxMessageSize).Next(new(mesospb.TaskID))
	})
	if n > limit {
		t.Errorf("%d bytes allocated", n)
	}
}
