// Package authn finds out who sends a request: with HTTP basic authentication
// against a file of credentials, or with a token that the daemon itself signed.
// https://mesos.apache.org/documentation/latest/authentication/
package authn

import (
	"net/http"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
)

// Identity is who sent a request. The zero Identity is nobody: one who was not
// asked who they are.
type Identity struct {
	// Principal is the name by which somebody is authorized.
	Principal string
	// Claims are what a token says of somebody who has no principal.
	Claims map[string]string
}

// Scheme is one way to say who one is.
type Scheme interface {
	// Name is the scheme's name in the headers: Basic, Bearer.
	Name() string
	// Identify reads what follows the scheme's name in an Authorization header.
	// It reports false if that proves nothing.
	Identify(proof string) (Identity, bool)
}

// Authenticator asks for proof in a realm. The nil *Authenticator asks for none:
// everybody is let in as nobody.
type Authenticator struct {
	realm   string
	schemes []Scheme
}

// New returns the authenticator of a realm; any of the schemes will do.
func New(realm string, schemes ...Scheme) (*Authenticator, error) {
	switch {
	case realm == "":
		return nil, mesos.Errorf(mesos.Invalid, "authenticator: the realm has no name")
	case len(schemes) == 0:
		return nil, mesos.Errorf(mesos.Invalid, "authenticator of realm %s: no scheme", realm)
	}
	return &Authenticator{realm, schemes}, nil
}

// Authenticate finds out who sent a request. The error's kind is
// mesos.Unauthenticated.
func (a *Authenticator) Authenticate(r *http.Request) (Identity, error) {
	if a == nil {
		return Identity{}, nil
	}
	scheme, proof, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	for _, s := range a.schemes {
		if !strings.EqualFold(scheme, s.Name()) {
			continue
		}
		if who, ok := s.Identify(strings.TrimSpace(proof)); ok {
			return who, nil
		}
	}
	if scheme == "" {
		return Identity{}, mesos.Errorf(mesos.Unauthenticated, "say who you are: realm %s needs authentication", a.realm)
	}
	return Identity{}, mesos.Errorf(mesos.Unauthenticated, "realm %s does not know these credentials", a.realm)
}

// Challenge is the WWW-Authenticate header of a 401: what would do.
func (a *Authenticator) Challenge() string {
	challenges := make([]string, len(a.schemes))
	for i, s := range a.schemes {
		challenges[i] = s.Name() + ` realm="` + a.realm + `"`
	}
	return strings.Join(challenges, ",")
}
