package authn

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

// Basic is HTTP basic authentication against credentials.
type Basic struct{ Credentials Credentials }

// Name is "Basic".
func (Basic) Name() string { return "Basic" }

// Identify reads "principal:secret" in base64.
func (b Basic) Identify(proof string) (Identity, bool) {
	text, err := base64.StdEncoding.DecodeString(proof)
	if err != nil {
		return Identity{}, false
	}
	principal, secret, ok := strings.Cut(string(text), ":")
	if !ok || !b.Credentials.Match(principal, secret) {
		return Identity{}, false
	}
	return Identity{Principal: principal}, true
}

// Match reports whether a secret is that of a principal. How long it takes does
// not depend on how much of the secret is right.
func (c Credentials) Match(principal, secret string) bool {
	want, known := c[principal]
	a, b := sha256.Sum256([]byte(want)), sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && known
}
