package authn

import (
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/mesosctl/mesosctl/mesos"
)

func TestTokens(t *testing.T) {
	// covers: JWTSecretGeneratorTest.Generate
	tokens, err := NewTokens([]byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]string{"fid": "f", "eid": "e", "cid": "c"}
	token := tokens.Sign(claims)
	who, ok := tokens.Identify(token)
	if diff := cmp.Diff(Identity{Claims: claims}, who); !ok || diff != "" {
		t.Error(diff)
	}
	other, err := NewTokens([]byte("another"))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	sign := func(method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
		t.Helper()
		signed, err := jwt.NewWithClaims(method, claims).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	for name, bad := range map[string]string{
		"another key":    other.Sign(claims),
		"no signature":   parts[0] + "." + parts[1] + ".",
		"other claims":   parts[0] + "." + strings.Split(other.Sign(map[string]string{"cid": "x"}), ".")[1] + "." + parts[2],
		"not signed":     sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, jwt.MapClaims{"cid": "c"}),
		"another method": sign(jwt.SigningMethodHS512, []byte("secret"), jwt.MapClaims{"cid": "c"}),
		"expired":        sign(jwt.SigningMethodHS256, []byte("secret"), jwt.MapClaims{"cid": "c", "exp": time.Unix(1, 0).Unix()}),
		"no claims":      sign(jwt.SigningMethodHS256, []byte("secret"), jwt.MapClaims{"n": 1}),
		"nothing":        "",
		"garbage":        "a.b.c",
	} {
		if who, ok := tokens.Identify(bad); ok {
			t.Errorf("%s: is taken for %v", name, who)
		}
	}
	if _, err := NewTokens(nil); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("without a key: %v", err)
	}
}
