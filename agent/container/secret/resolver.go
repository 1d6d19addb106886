// Package secret has the isolators that bring secrets into containers, and finds
// out what the secrets are.
package secret

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Resolver finds out what a secret's reference stands for.
type Resolver interface {
	// Resolve returns the value that a name, and perhaps a key of it, stand for.
	Resolve(ctx context.Context, name, key string) ([]byte, error)
}

// maxValue bounds a secret, in bytes.
const maxValue = 1 << 20

// Open makes the resolver that --secret_resolver asks for. A directory has a file
// NAME, or NAME/KEY, for each secret. A program is run with NAME and KEY as its
// arguments and prints the secret, or says on its standard error why not. An empty
// text is the default: secrets have their values with them, or are refused.
func Open(text string) (Resolver, error) {
	if text == "" {
		return none{}, nil
	}
	if !filepath.IsAbs(text) {
		return nil, mesos.Errorf(mesos.Invalid, "secret_resolver: %q: not an absolute path", text)
	}
	switch info, err := os.Stat(text); {
	case err != nil:
		return nil, mesos.Errorf(mesos.Invalid, "secret_resolver: %w", err)
	case info.IsDir():
		return directory(text), nil
	case info.Mode()&0o111 == 0:
		return nil, mesos.Errorf(mesos.Invalid, "secret_resolver: %q: neither a directory nor a program", text)
	}
	return program(text), nil
}

// value is what a secret is.
func value(ctx context.Context, resolver Resolver, s *mesospb.Secret) ([]byte, error) {
	switch s.GetType() {
	case mesospb.Secret_VALUE:
		switch {
		case s.Value == nil:
			return nil, mesos.Errorf(mesos.Invalid, "secret: of type VALUE, and has none")
		case s.Reference != nil:
			return nil, mesos.Errorf(mesos.Invalid, "secret: of type VALUE, and has a reference")
		}
		return s.GetValue().GetData(), nil
	case mesospb.Secret_REFERENCE:
		name := s.GetReference().GetName()
		switch {
		case s.Reference == nil:
			return nil, mesos.Errorf(mesos.Invalid, "secret: of type REFERENCE, and has none")
		case s.Value != nil:
			return nil, mesos.Errorf(mesos.Invalid, "secret %s: of type REFERENCE, and has a value", name)
		case name == "":
			return nil, mesos.Errorf(mesos.Invalid, "secret: a reference without a name")
		}
		if resolver == nil {
			resolver = none{}
		}
		data, err := resolver.Resolve(ctx, name, s.GetReference().GetKey())
		if err != nil {
			return nil, mesos.Errorf(mesos.KindOf(err), "secret %s: %w", label(s), err)
		}
		return data, nil
	}
	return nil, mesos.Errorf(mesos.Invalid, "secret: of type %s", s.GetType())
}

// label names a secret without telling it.
func label(s *mesospb.Secret) string {
	name := s.GetReference().GetName()
	if key := s.GetReference().GetKey(); key != "" {
		name += "/" + key
	}
	return name
}

// none resolves nothing.
type none struct{}

func (none) Resolve(context.Context, string, string) ([]byte, error) {
	return nil, mesos.Errorf(mesos.Unsupported, "the agent has no --secret_resolver for references")
}

// directory has the secrets in files.
type directory string

func (d directory) Resolve(_ context.Context, name, key string) ([]byte, error) {
	for _, part := range []string{name, key} {
		if part == "." || part == ".." || strings.ContainsAny(part, "/\x00") {
			return nil, mesos.Errorf(mesos.Invalid, "%q is not the name of a secret", part)
		}
	}
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return nil, mesos.Errorf(mesos.Unavailable, "secrets: %w", err)
	}
	defer func() { _ = root.Close() }()
	path := name
	if key != "" {
		path += "/" + key
	}
	info, err := root.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, mesos.Errorf(mesos.Invalid, "there is no such secret")
	case err != nil:
		return nil, mesos.Errorf(mesos.Internal, "%w", err)
	case !info.Mode().IsRegular():
		return nil, mesos.Errorf(mesos.Invalid, "it is not one secret: a key is missing")
	case info.Size() > maxValue:
		return nil, tooLong(info.Size())
	}
	return root.ReadFile(path)
}

func tooLong(size int64) error {
	return mesos.Errorf(mesos.Invalid, "it has %d bytes, more than %d", size, maxValue)
}

// program prints the secrets.
type program string

func (p program) Resolve(ctx context.Context, name, key string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, string(p), name, key)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	var stdout, stderr limited
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return nil, mesos.Errorf(mesos.Invalid, "%s: %w: %s", p, err, bytes.TrimSpace(stderr.data))
	case err != nil:
		return nil, mesos.Errorf(mesos.Unavailable, "%s: %w", p, err)
	case stdout.total > maxValue:
		return nil, tooLong(stdout.total)
	}
	return stdout.data, nil
}

// limited keeps the beginning of what is written to it.
type limited struct {
	data  []byte
	total int64
}

func (l *limited) Write(data []byte) (int, error) {
	l.total += int64(len(data))
	l.data = append(l.data, data[:min(len(data), maxValue-len(l.data))]...)
	return len(data), nil
}
