package wire_test

import (
	"testing"

	"github.com/mesosctl/mesosctl/wire"
)

func TestParseMediaType(t *testing.T) {
	for contentType, want := range map[string]wire.MediaType{
		"application/json": wire.JSON, "Application/JSON": wire.JSON, "application/json; charset=utf-8": wire.JSON,
		" application/json ;charset=utf-8": wire.JSON, "application/x-protobuf": wire.Protobuf,
	} {
		if got, ok := wire.ParseMediaType(contentType); !ok || got != want {
			t.Errorf("%q is %v %v", contentType, got, ok)
		}
	}
	for _, contentType := range []string{"", "application/unknown-media-type", "application/protobuf", "text/plain", "json",
		"application/json, application/x-protobuf", "*/*"} {
		if got, ok := wire.ParseMediaType(contentType); ok {
			t.Errorf("%q is %v", contentType, got)
		}
	}
}

func TestNegotiate(t *testing.T) {
	for accept, want := range map[string]wire.MediaType{
		"":                       wire.JSON,
		"*/*":                    wire.JSON,
		"application/*":          wire.JSON,
		"application/json":       wire.JSON,
		"APPLICATION/JSON":       wire.JSON,
		"application/x-protobuf": wire.Protobuf,
		"application/json, application/x-protobuf":                wire.JSON,
		"application/x-protobuf, application/json":                wire.JSON,
		"application/x-protobuf, application/json;q=0.1":          wire.JSON,
		"application/json;q=0, application/x-protobuf":            wire.Protobuf,
		"application/json ; q=0.0, */*":                           wire.Protobuf,
		"application/json;q=0,application/*;q=0.5":                wire.Protobuf,
		"text/html, application/xhtml+xml, */*;q=0.8":             wire.JSON,
		"application/json;q=many,application/x-protobuf":          wire.Protobuf,
		"application/json;charset=utf-8;q=0.3":                    wire.JSON,
		"application/x-protobuf;q=0, application/json;version=1 ": wire.JSON,
	} {
		if got, ok := wire.Negotiate(accept); !ok || got != want {
			t.Errorf("%q gets %v %v, want %v", accept, got, ok, want)
		}
	}
	for _, accept := range []string{"foo", "text/html", "application/json;q=0", "*/*;q=0", "application/*;q=0, */*", ",", ";q=1"} {
		if got, ok := wire.Negotiate(accept); ok {
			t.Errorf("%q gets %v", accept, got)
		}
	}
}
