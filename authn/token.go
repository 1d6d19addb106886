package authn

import (
	"fmt"

	"github.com/golang-jwt/jwt/v5"

	"github.com/mesosctl/mesosctl/mesos"
)

// Tokens are JSON web tokens that this daemon signs itself (HS256), for those whom
// it starts to prove with who they are. They say claims and no principal, and hold
// as long as what they are about.
// See https://mesos.apache.org/documentation/latest/authentication/#executor.
type Tokens struct{ key []byte }

// NewTokens signs with a key, and takes what was signed with it.
func NewTokens(key []byte) (*Tokens, error) {
	if len(key) == 0 {
		return nil, mesos.Errorf(mesos.Invalid, "tokens: the key is empty")
	}
	return &Tokens{key}, nil
}

// ReadTokens is NewTokens with the key that is a file's content. others tells
// whether other users may read that.
func ReadTokens(path string) (t *Tokens, others bool, err error) {
	key, others, err := readFile(path)
	if err != nil {
		return nil, false, mesos.Errorf(mesos.Invalid, "read the key: %w", err)
	}
	t, err = NewTokens(key)
	return t, others, err
}

// Sign makes a token that says these claims.
func (t *Tokens) Sign(claims map[string]string) string {
	said := jwt.MapClaims{}
	for name, value := range claims {
		said[name] = value
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, said).SignedString(t.key)
	if err != nil {
		panic(fmt.Sprintf("authn: strings can't be signed: %v", err))
	}
	return token
}

// Name is "Bearer".
func (*Tokens) Name() string { return "Bearer" }

// Identify reads a token. One that has expired, or was signed in another way,
// proves nothing.
func (t *Tokens) Identify(proof string) (Identity, bool) {
	said := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(proof, said, func(*jwt.Token) (any, error) { return t.key, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}))
	if err != nil {
		return Identity{}, false
	}
	who := Identity{Claims: map[string]string{}}
	for name, value := range said {
		if text, ok := value.(string); ok {
			who.Claims[name] = text
		}
	}
	return who, len(who.Claims) > 0
}
