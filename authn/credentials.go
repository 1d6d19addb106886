package authn

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
)

// Credentials are secrets by principal.
type Credentials map[string]string

// Credential is one principal with its secret.
type Credential struct {
	Principal string `json:"principal"`
	Secret    string `json:"secret"`
}

// maxFileBytes is the largest file of credentials that is read.
const maxFileBytes = 16 << 20

// ReadCredentials reads a file of credentials. Others reports whether anybody on
// this machine may read the file, which they had better not. Errors name the
// file and what is wrong with it, and no secret.
func ReadCredentials(path string) (c Credentials, others bool, err error) {
	text, others, err := readFile(path)
	if err == nil {
		c, err = ParseCredentials(text)
	}
	if err != nil {
		return nil, others, mesos.Errorf(mesos.Invalid, "credentials %s: %w", path, err)
	}
	return c, others, nil
}

// ReadCredential reads a file with the one credential that a daemon presents
// itself with. Others and errors are as those of ReadCredentials.
func ReadCredential(path string) (c Credential, others bool, err error) {
	text, others, err := readFile(path)
	if err == nil {
		c, err = ParseCredential(text)
	}
	if err != nil {
		return Credential{}, others, mesos.Errorf(mesos.Invalid, "credential %s: %w", path, err)
	}
	return c, others, nil
}

func readFile(path string) (text []byte, others bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, false, err
	}
	defer f.Close() // it is only read
	if info, err := f.Stat(); err == nil {
		others = info.Mode().IsRegular() && info.Mode().Perm()&0o007 != 0
	}
	text, err = io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err == nil && len(text) > maxFileBytes {
		err = fmt.Errorf("it is larger than %d MB", maxFileBytes>>20)
	}
	return text, others, err
}

// ParseCredentials reads credentials: JSON as in
// {"credentials": [{"principal": "ann", "secret": "s3cret"}]}, or lines of a
// principal and a secret with white space between, as older versions had them.
func ParseCredentials(text []byte) (Credentials, error) {
	var list []Credential
	if looksLikeJSON(text) {
		var file struct {
			Credentials []Credential `json:"credentials"`
		}
		if err := decode(text, &file); err != nil {
			return nil, err
		}
		list = file.Credentials
	} else {
		var err error
		if list, err = parseLines(text); err != nil {
			return nil, err
		}
	}
	if len(list) == 0 {
		return nil, errors.New("there are no credentials in it")
	}
	c := make(Credentials, len(list))
	for i, one := range list {
		if err := one.check(); err != nil {
			return nil, fmt.Errorf("credential %d: %w", i+1, err)
		}
		if _, twice := c[one.Principal]; twice {
			return nil, fmt.Errorf("credential %d: principal %q is there twice", i+1, one.Principal)
		}
		c[one.Principal] = one.Secret
	}
	return c, nil
}

// ParseCredential reads one credential: JSON as in {"principal": "agent",
// "secret": "s3cret"}, or a line of a principal and a secret.
func ParseCredential(text []byte) (c Credential, err error) {
	if looksLikeJSON(text) {
		err = decode(text, &c)
	} else {
		var list []Credential
		if list, err = parseLines(text); err == nil {
			if len(list) != 1 {
				return Credential{}, fmt.Errorf("it has %d lines, one is expected", len(list))
			}
			c = list[0]
		}
	}
	if err == nil {
		err = c.check()
	}
	return c, err
}

// check refuses what HTTP basic authentication can't carry.
func (c Credential) check() error {
	switch {
	case c.Principal == "":
		return errors.New("principal: it is missing or empty")
	case strings.ContainsAny(c.Principal, ":\x00\n\r"):
		return fmt.Errorf("principal: %q has a colon or a control character", c.Principal)
	case c.Secret == "":
		return errors.New("secret: it is missing or empty")
	case strings.ContainsAny(c.Secret, "\x00\n\r"):
		return errors.New("secret: it has a control character")
	}
	return nil
}

func looksLikeJSON(text []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) }

func decode(text []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(to)
	if err == nil && d.More() {
		err = errors.New("there is more after the JSON object")
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		offset := min(max(syntax.Offset, 0), int64(len(text)))
		return fmt.Errorf("line %d: %w", 1+bytes.Count(text[:offset], []byte("\n")), err)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the JSON ends too early")
	}
	return err
}

func parseLines(text []byte) ([]Credential, error) {
	var list []Credential
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		words := strings.Fields(line)
		switch len(words) {
		case 0:
		case 2:
			list = append(list, Credential{words[0], words[1]})
		default:
			return nil, fmt.Errorf("line %d: it is neither JSON nor a principal and a secret", n)
		}
	}
	return list, nil
}
