package authn

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
)

func request(authorization string) *http.Request {
	r := &http.Request{Header: http.Header{}}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return r
}

func basic(principal, secret string) string {
	r := request("")
	r.SetBasicAuth(principal, secret)
	return r.Header.Get("Authorization")
}

func realm(t *testing.T, schemes ...Scheme) *Authenticator {
	t.Helper()
	a, err := New("tatooine", schemes...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func refused(t *testing.T, a *Authenticator, authorization string) {
	t.Helper()
	if who, err := a.Authenticate(request(authorization)); mesos.KindOf(err) != mesos.Unauthenticated || who.Principal != "" {
		t.Errorf("Authorization %q is taken as %q, %v", authorization, who.Principal, err)
	}
}

// covers: HttpAuthenticationTest.BasicWithoutCredentialsTest
func TestWithoutCredentialsNobodyIsKnown(t *testing.T) {
	a := realm(t, Basic{})
	if got := a.Challenge(); got != `Basic realm="tatooine"` {
		t.Errorf("challenge is %s", got)
	}
	refused(t, a, "")
	refused(t, a, basic("user", "password"))
	refused(t, a, basic("", ""))
}

// covers: HttpAuthenticationTest.BasicWithCredentialsTest
// covers: CRAMMD5AuthenticationTest.Success
// covers: CRAMMD5AuthenticationTest.Failed1
// covers: CRAMMD5AuthenticationTest.Failed2
func TestBasicKnowsPrincipalsByTheirSecrets(t *testing.T) {
	a := realm(t, Basic{Credentials{"user": "password"}})
	if got := a.Challenge(); got != `Basic realm="tatooine"` {
		t.Errorf("challenge is %s", got)
	}
	for _, wrong := range []string{
		"", "Basic", "Basic !", "Basic dXNlcg==", "Bearer " + basic("user", "password"),
		basic("wronguser", "wrongpassword"), basic("user", ""), basic("user", "password2"), basic("", "password"),
	} {
		refused(t, a, wrong)
	}
	for _, right := range []string{basic("user", "password"), strings.Replace(basic("user", "password"), "Basic ", "basic  ", 1)} {
		if who, err := a.Authenticate(request(right)); err != nil || who.Principal != "user" {
			t.Errorf("%q: %+v, %v", right, who, err)
		}
	}
}

// covers: HttpAuthenticationTest.BasicWithoutRealm
func TestARealmHasAName(t *testing.T) {
	if _, err := New("", Basic{Credentials{"user": "password"}}); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("error is %v", err)
	}
	if _, err := New("tatooine"); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("error without schemes is %v", err)
	}
}

// bearer is a scheme that knows one token.
type bearer struct{}

func (bearer) Name() string { return "Bearer" }
func (bearer) Identify(proof string) (Identity, bool) {
	return Identity{Principal: "bearer"}, proof == "token"
}

// covers: CombinedAuthenticatorTest.MultipleAuthenticators
func TestAnySchemeWillDo(t *testing.T) {
	a := realm(t, Basic{Credentials{"user": "password"}}, bearer{})
	for authorization, want := range map[string]string{basic("user", "password"): "user", "Bearer token": "bearer"} {
		if who, err := a.Authenticate(request(authorization)); err != nil || who.Principal != want {
			t.Errorf("%q: %+v, %v", authorization, who, err)
		}
	}
	refused(t, a, basic("user", "token"))
	refused(t, a, "Bearer password")
	refused(t, a, "")
	if got := a.Challenge(); got != `Basic realm="tatooine",Bearer realm="tatooine"` {
		t.Errorf("challenge is %s", got)
	}
}

func TestNoAuthenticatorLetsEverybodyIn(t *testing.T) {
	var a *Authenticator
	if who, err := a.Authenticate(request(basic("user", "x"))); err != nil || who.Principal != "" {
		t.Errorf("who is %+v, %v", who, err)
	}
}

func TestCredentials(t *testing.T) {
	for text, want := range map[string]int{
		`{"credentials": [{"principal": "ann", "secret": "s1"}, {"principal": "bob", "secret": "s2"}]}`: 2,
		"ann s1\n\n  bob\ts2\n": 2,
	} {
		c, err := ParseCredentials([]byte(text))
		if err != nil || len(c) != want || c["ann"] != "s1" || !c.Match("ann", "s1") || c.Match("ann", "s2") || c.Match("eve", "") {
			t.Errorf("%s: %v, %v", text, c, err)
		}
	}
	for _, text := range []string{`{"principal": "agent", "secret": "s"}`, "agent s\n"} {
		if c, err := ParseCredential([]byte(text)); err != nil || c != (Credential{"agent", "s"}) {
			t.Errorf("%s: %+v, %v", text, c, err)
		}
	}
}

func TestDamagedCredentialsAreNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	for text, says := range map[string]string{
		"":                                      "no credentials",
		"{":                                     "ends too early",
		"{\n\"credentials\"":                    "ends too early",
		"{\n\"credentials\": [{]":               "line 2",
		`{"credentials": []}`:                   "no credentials",
		`{"credential": []}`:                    `unknown field "credential"`,
		`{"credentials": [{"principal": "a"}]}`: "secret: it is missing",
		`{"credentials": [{"secret": "hush"}]}`: "credential 1: principal",
		`{"credentials": [{"principal": "a:b", "secret": "hush"}]}`:                                  "colon",
		`{"credentials": [{"principal": "a", "secret": "hush"}, {"principal": "a", "secret": "b"}]}`: "twice",
		`{"credentials": [{"principal": "a", "secret": "hu\nsh"}]}`:                                  "control character",
		`{"credentials": [{"principal": "a", "secret": "hush"}]} {}`:                                 "more after",
		"ann hush\nbob hush hush\n":                                                                  "line 2",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, err := ReadCredentials(path)
		if mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v; want %s", text, err, says)
		}
		if err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: the error tells the secret: %v", text, err)
		}
	}
	if _, _, err := ReadCredentials(path + "x"); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("missing file: %v", err)
	}
	// covers: CRAMMD5AuthenticationTest.AuthenticateeSecretMissing
	for _, text := range []string{"", "{}", "a b\nc d", `{"principal": ""}`, `{"principal": "agent"}`, `{"principal": "agent", "secret": ""}`} {
		if _, err := ParseCredential([]byte(text)); err == nil {
			t.Errorf("%q is taken as a credential", text)
		}
	}
}

func TestFilesThatOthersMayReadAreNoticed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credential")
	for mode, want := range map[os.FileMode]bool{0o600: false, 0o640: false, 0o644: true} {
		if err := os.WriteFile(path, []byte("agent s"), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, others, err := ReadCredential(path); err != nil || others != want {
			t.Errorf("mode %o: others %v, %v", mode, others, err)
		}
	}
}

func FuzzParseCredentials(f *testing.F) {
	f.Add([]byte(`{"credentials": [{"principal": "ann", "secret": "s1"}]}`))
	f.Add([]byte("ann s1\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ParseCredentials(text)
		if (err == nil) == (len(c) == 0) {
			t.Errorf("%d credentials and %v", len(c), err)
		}
	})
}
