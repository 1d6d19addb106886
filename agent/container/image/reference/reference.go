// Package reference reads the names of container images.
package reference

import (
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/mesosctl/mesosctl/mesos"
)

// Reference names an image, as `docker pull` takes it:
// [REGISTRY[:PORT]/]REPOSITORY[:TAG][@DIGEST].
// See https://mesos.apache.org/documentation/latest/container-image/.
type Reference struct {
	Registry   string // host[:port]; empty: the agent's default
	Repository string
	Tag        string // empty: "latest" unless there is a digest
	Digest     string // "sha256:<hex>"; it counts more than a tag
}

// maxLength bounds a reference, as it does a path.
const maxLength = 1024

var (
	// A component of a repository, of a host's name, and so on, as
	// https://github.com/distribution/reference defines them.
	repository = pattern(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)
	tag        = pattern(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	digest     = pattern(`^sha256:[a-f0-9]{64}$`)
	host       = pattern(`^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*$`)
)

// pattern is a regular expression that is compiled when it is first needed: most
// commands of this binary never see an image.
func pattern(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// Parse reads a reference. The first component is a registry if it has a dot or
// a colon or is "localhost", as Docker decides. Errors are mesos.Invalid and
// name the part that is wrong.
func Parse(s string) (Reference, error) {
	if s == "" {
		return Reference{}, mesos.Errorf(mesos.Invalid, "image: no name")
	}
	if len(s) > maxLength {
		return Reference{}, mesos.Errorf(mesos.Invalid, "image: a name of %d bytes, the limit is %d", len(s), maxLength)
	}
	var r Reference
	rest, sum, hasDigest := strings.Cut(s, "@")
	if hasDigest {
		if !digest().MatchString(sum) {
			return Reference{}, mesos.Errorf(mesos.Invalid, "image: %q: %q is not sha256:<64 hex digits>", s, sum)
		}
		r.Digest = sum
	}
	// A colon after the last slash begins a tag, any other a port.
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, '/') {
		rest, r.Tag = rest[:i], rest[i+1:]
		if !tag().MatchString(r.Tag) {
			return Reference{}, mesos.Errorf(mesos.Invalid, "image: %q: %q is not a tag", s, r.Tag)
		}
	}
	if first, after, ok := strings.Cut(rest, "/"); ok && (strings.ContainsAny(first, ".:") || first == "localhost") {
		if _, _, err := SplitRegistry(first); err != nil {
			return Reference{}, mesos.Errorf(mesos.Invalid, "image: %q: %w", s, err)
		}
		r.Registry, rest = first, after
	}
	if !repository().MatchString(rest) {
		return Reference{}, mesos.Errorf(mesos.Invalid, "image: %q: %q is not a repository (lower case, digits and ._-/)", s, rest)
	}
	r.Repository = rest
	return r, nil
}

// String is the reference as it is written: with the digest if there is one,
// otherwise with the tag.
func (r Reference) String() string {
	s := r.Repository
	if r.Registry != "" {
		s = r.Registry + "/" + s
	}
	switch {
	case r.Digest != "":
		return s + "@" + r.Digest
	case r.Tag != "":
		return s + ":" + r.Tag
	}
	return s
}

// Identifier is the digest, or else the tag, or else "latest".
func (r Reference) Identifier() string {
	switch {
	case r.Digest != "":
		return r.Digest
	case r.Tag != "":
		return r.Tag
	}
	return "latest"
}

// SplitRegistry takes "host" or "host:port" apart; without a port it is 0.
func SplitRegistry(registry string) (name string, port int, err error) {
	name, number, hasPort := strings.Cut(registry, ":")
	if strings.HasPrefix(registry, "[") { // IPv6
		if name, number, err = net.SplitHostPort(registry); err != nil {
			return "", 0, mesos.Errorf(mesos.Invalid, "%q is not a registry", registry)
		}
		if net.ParseIP(name) == nil {
			return "", 0, mesos.Errorf(mesos.Invalid, "%q is not a registry", registry)
		}
		hasPort = true
	} else if !host().MatchString(name) {
		return "", 0, mesos.Errorf(mesos.Invalid, "%q is not a registry", registry)
	}
	if !hasPort {
		return name, 0, nil
	}
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil || n == 0 {
		return "", 0, mesos.Errorf(mesos.Invalid, "%q is not a registry: %q is not a port", registry, number)
	}
	return name, int(n), nil
}

// Scheme is how to speak to a registry: "http" on port 80, and on this host's
// own addresses if they have a port other than 443; "https" otherwise.
func Scheme(registry string) (string, error) {
	name, port, err := SplitRegistry(registry)
	if err != nil {
		return "", err
	}
	switch {
	case port == 80, port != 0 && port != 443 && IsLocal(name):
		return "http", nil
	}
	return "https", nil
}

// IsLocal reports whether a host is this machine, by its name or address alone.
func IsLocal(name string) bool {
	ip := net.ParseIP(name)
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

// IsDockerHub reports whether a host is one of the names of Docker's registry,
// whose images without a directory are in "library/".
func IsDockerHub(name string) bool {
	return name == "docker.io" || strings.HasSuffix(name, ".docker.io")
}
