package credential

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const current = `{
  "auths": {
    "https://index.docker.io/v1/": {"auth": "bWVzb3M6dGVzdA==", "email": "user@example.com"},
    "localhost:5000": {"auth": "dW5pZmllZDpjb250YWluZXJpemVy"},
    "nobody.example.com": {}
  },
  "HttpHeaders": {"User-Agent": "Docker-Client/1.10.2 (linux)"},
  "credsStore": ""
}`

const old = `{
  "quay.io": {"auth": "cXVheTp0ZXN0", "email": "user@example.com"},
  "https://192.168.0.1:5050": {"username": "ip", "password": "address"}
}`

func expect(t *testing.T, c Config, registry, user, password string) {
	t.Helper()
	got, ok := c.For(registry)
	if ok != (user != "") || got.Username != user || got.Password != password {
		t.Errorf("%s: %q %q %v; want %q %q", registry, got.Username, got.Password, ok, user, password)
	}
}

func TestParseCurrentFormat(t *testing.T) {
	// covers: DockerSpecTest.ParseDockerConfig
	c, err := Parse([]byte(current))
	if err != nil {
		t.Fatal(err)
	}
	for _, hub := range []string{"index.docker.io", "registry-1.docker.io", "docker.io", "registry-1.docker.io:443"} {
		expect(t, c, hub, "mesos", "test")
	}
	expect(t, c, "localhost:5000", "unified", "containerizer")
	expect(t, c, "localhost", "", "")
	expect(t, c, "localhost:5001", "", "")
	expect(t, c, "nobody.example.com", "", "")
	expect(t, c, "notdocker.io", "", "")
}

func TestParseOldFormat(t *testing.T) {
	// covers: DockerSpecTest.ParseDockercfg
	c, err := Parse([]byte(old))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, c, "quay.io", "quay", "test")
	expect(t, c, "192.168.0.1:5050", "ip", "address")
	expect(t, c, "192.168.0.1", "", "")
}

func TestHostOf(t *testing.T) {
	// covers: DockerSpecTest.ParseAuthUrl
	for key, want := range map[string]string{
		"https://registry.example.com/v1/": "registry.example.com",
		"http://registry.example.com/v1/":  "registry.example.com",
		"registry.example.com":             "registry.example.com",
		"registry.example.com/v1/":         "registry.example.com",
		"https://localhost:8000/v1/":       "localhost:8000",
		"localhost:8000":                   "localhost:8000",
	} {
		if got := HostOf(key); got != want {
			t.Errorf("HostOf(%q) = %q", key, got)
		}
	}
}

func TestOver(t *testing.T) {
	mine, err := Parse([]byte(`{"auths": {"quay.io": {"username": "me", "password": "secret"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	agents, err := Parse([]byte(old))
	if err != nil {
		t.Fatal(err)
	}
	c := mine.Over(agents)
	expect(t, c, "quay.io", "me", "secret")
	expect(t, c, "192.168.0.1:5050", "ip", "address")
}

func TestOf(t *testing.T) {
	c := Of("me", "secret")
	expect(t, c, "quay.io", "me", "secret")
	expect(t, c, "registry-1.docker.io", "me", "secret")
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(path, []byte(current), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{path, "file://" + path, current} {
		c, err := Load(value)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, c, "localhost:5000", "unified", "containerizer")
	}
	if _, err := Load(path + "nope"); err == nil || !strings.Contains(err.Error(), "nope") {
		t.Errorf("a file that isn't there: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	for config, says := range map[string]string{
		`[]`:                                        "not a JSON object",
		`{"auths":`:                                 "not a JSON object",
		`{"credHelpers": {"gcr.io": "gcloud"}}`:     "credHelpers: this agent runs no credential helpers",
		`{"credsStore": "desktop"}`:                 "credsStore: this agent runs no credential helpers",
		`{"auths": {"a.io": {"auth": "%"}}}`:        "a.io: auth is not base64",
		`{"auths": {"a.io": {"auth": "c2VjcmV0"}}}`: "user:password",
		`{"a.io": "secret"}`:                        "a.io: not an entry of auths",
	} {
		_, err := Parse([]byte(config))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v; want %q", config, err, says)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error tells a secret: %v", config, err)
		}
	}
}
