// Package credential reads who this agent is to registries, from Docker's
// configuration files.
package credential

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/mesosctl/mesosctl/agent/container/image/reference"
	"github.com/mesosctl/mesosctl/mesos"
)

// Config is who to be at which registry. The zero Config is nobody anywhere.
type Config struct {
	entries []entry // those that were found first count more
}

type entry struct {
	key  string // host[:port], of a URL
	auth authn.AuthConfig
}

// Load reads --docker_config: JSON, or the path of a file of it, which may have
// "file://" before it.
func Load(value string) (Config, error) {
	if value == "" {
		return Config{}, nil
	}
	if strings.HasPrefix(strings.TrimSpace(value), "{") {
		return Parse([]byte(value))
	}
	path := strings.TrimPrefix(value, "file://")
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, mesos.Errorf(mesos.Invalid, "docker config: %w", err)
	}
	config, err := Parse(data)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return config, nil
}

// registryAuth is what Docker keeps for one registry.
type registryAuth struct {
	Auth          string `json:"auth"` // base64 of user:password
	Username      string `json:"username"`
	Password      string `json:"password"`
	IdentityToken string `json:"identitytoken"`
	RegistryToken string `json:"registrytoken"`
}

// Parse reads Docker's config.json, or the older .dockercfg, which is the
// "auths" of the former alone. Programs that know credentials (credHelpers,
// credsStore) are refused: the agent would run them as root.
// Errors are mesos.Invalid or mesos.Unsupported and tell no secrets.
func Parse(data []byte) (Config, error) {
	var top map[string]json.RawMessage
	if err := json.Unmarshal(data, &top); err != nil {
		return Config{}, mesos.Errorf(mesos.Invalid, "docker config: not a JSON object")
	}
	for _, helper := range []string{"credHelpers", "credsStore"} {
		if raw := strings.TrimSpace(string(top[helper])); raw != "" && raw != "{}" && raw != `""` && raw != "null" {
			return Config{}, mesos.Errorf(mesos.Unsupported,
				"docker config: %s: this agent runs no credential helpers; put the credentials into auths", helper)
		}
	}
	auths := top
	if raw, ok := top["auths"]; ok {
		auths = nil
		if err := json.Unmarshal(raw, &auths); err != nil {
			return Config{}, mesos.Errorf(mesos.Invalid, "docker config: auths: not a JSON object")
		}
	}
	var config Config
	for key, raw := range auths {
		var a registryAuth
		if err := json.Unmarshal(raw, &a); err != nil {
			return Config{}, mesos.Errorf(mesos.Invalid, "docker config: %s: not an entry of auths", key)
		}
		converted, err := a.convert()
		if err != nil {
			return Config{}, fmt.Errorf("docker config: %s: %w", key, err)
		}
		if host := HostOf(key); host != anywhere {
			config.entries = append(config.entries, entry{host, converted})
		}
	}
	slices.SortFunc(config.entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	return config, nil
}

func (a registryAuth) convert() (authn.AuthConfig, error) {
	c := authn.AuthConfig{
		Username: a.Username, Password: a.Password, IdentityToken: a.IdentityToken, RegistryToken: a.RegistryToken,
	}
	if a.Auth == "" {
		return c, nil
	}
	decoded, err := base64.StdEncoding.DecodeString(a.Auth)
	if err != nil {
		return c, mesos.Errorf(mesos.Invalid, "auth is not base64")
	}
	user, password, ok := strings.Cut(string(decoded), ":")
	if !ok {
		return c, mesos.Errorf(mesos.Invalid, "auth is not base64 of user:password")
	}
	c.Username, c.Password = user, strings.TrimRight(password, "\x00")
	return c, nil
}

// HostOf is host[:port] of a key in a configuration: a URL or part of one.
func HostOf(key string) string {
	key = strings.TrimPrefix(strings.TrimPrefix(key, "https://"), "http://")
	host, _, _ := strings.Cut(key, "/")
	return host
}

// Over is this configuration before another one.
func (c Config) Over(other Config) Config {
	return Config{slices.Concat(c.entries, other.entries)}
}

// For is who to be at a registry, given as host[:port]; false if nobody. All
// names of Docker's own registry are one.
func (c Config) For(registry string) (authn.AuthConfig, bool) {
	host := func(s string) string { name, _, _ := strings.Cut(s, ":"); return name }
	for _, e := range c.entries {
		hub := reference.IsDockerHub(host(registry)) && reference.IsDockerHub(host(e.key))
		if (hub || registry == e.key || e.key == anywhere) && e.auth != (authn.AuthConfig{}) {
			return e.auth, true
		}
	}
	return authn.AuthConfig{}, false
}

// Of is one user wherever it is asked for: at the registry of one image.
func Of(user, password string) Config {
	return Config{[]entry{{anywhere, authn.AuthConfig{Username: user, Password: password}}}}
}

// anywhere is the key of an entry for all registries.
const anywhere = "*"
