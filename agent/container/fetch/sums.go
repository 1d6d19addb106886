package fetch

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"net/http"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
)

// sums are checksums that a server sent along, of content that is coming.
type sums struct{ list []sum }

type sum struct {
	name string
	hash hash.Hash
	want []byte
}

// sumsOf reads checksums from the header of an answer: Repr-Digest (RFC 9530),
// Digest (RFC 3230), and what object stores and repositories send. Those of
// functions that nobody can rely on any more (MD5, SHA-1) are left out.
func sumsOf(h http.Header) *sums {
	s := &sums{}
	for _, field := range []string{"Repr-Digest", "Digest"} {
		for _, digest := range strings.Split(strings.Join(h.Values(field), ","), ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(digest), "=")
			s.add(name, value, base64.StdEncoding.DecodeString)
		}
	}
	s.add("sha-256", h.Get("X-Amz-Checksum-Sha256"), base64.StdEncoding.DecodeString)
	s.add("sha-256", h.Get("X-Checksum-Sha256"), hex.DecodeString)
	s.add("sha-512", h.Get("X-Checksum-Sha512"), hex.DecodeString)
	return s
}

// add adds a checksum, if it is one.
func (s *sums) add(name, value string, decode func(string) ([]byte, error)) {
	var h hash.Hash
	switch strings.ToLower(name) {
	case "sha-256":
		h = sha256.New()
	case "sha-512":
		h = sha512.New()
	default:
		return
	}
	want, err := decode(strings.Trim(value, ":"))
	if err == nil && len(want) == h.Size() {
		s.list = append(s.list, sum{strings.ToLower(name), h, want})
	}
}

func (s *sums) write(p []byte) {
	if s == nil {
		return
	}
	for _, sum := range s.list {
		_, _ = sum.hash.Write(p)
	}
}

// check compares what came with what was announced.
func (s *sums) check() error {
	if s == nil {
		return nil
	}
	for _, sum := range s.list {
		if got := sum.hash.Sum(nil); !bytes.Equal(got, sum.want) {
			return mesos.Errorf(mesos.Unavailable, "damaged on the way: the %s checksum is %x, and the server says %x", sum.name, got, sum.want)
		}
	}
	return nil
}
