package fetch

import (
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// source is where something is fetched from: one of the three is set.
type source struct{ url, path, hadoop string }

// parse understands a URI, or says what is wrong with it.
func (f *Fetcher) parse(uri *mesospb.CommandInfo_URI) (item, error) {
	value := strings.TrimLeft(uri.GetValue(), " \t\r\n")
	base, err := baseName(value)
	if err != nil {
		return item{}, err
	}
	name := base
	source, err := f.locate(value)
	if err != nil {
		return item{}, err
	}
	if uri.OutputFile != nil {
		if name, err = outputFile(uri.GetOutputFile()); err != nil {
			return item{}, err
		}
	}
	return item{uri: uri, source: source, name: base, output: name}, nil
}

// baseName is the name that what a URI names gets in the sandbox: what follows
// its last slash, query and all, as Mesos has it.
func baseName(uri string) (string, error) {
	if strings.ContainsAny(uri, "\\'\x00") {
		return "", mesos.Errorf(mesos.Invalid, "a URI has no backslash, quote or NUL byte")
	}
	if _, rest, ok := strings.Cut(uri, "://"); ok {
		_, file, _ := strings.Cut(rest, "/")
		if file == "" {
			return "", mesos.Errorf(mesos.Invalid, "malformed URI: no path")
		}
	}
	name := uri[strings.LastIndex(uri, "/")+1:]
	if name == "" || name == "." || name == ".." {
		return "", mesos.Errorf(mesos.Invalid, "malformed URI: no file name")
	}
	return name, nil
}

// locate finds where a URI leads.
func (f *Fetcher) locate(uri string) (source, error) {
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok {
		scheme, rest = "", uri
	}
	switch scheme {
	case "http", "https":
		return source{url: uri}, nil
	case "file":
		rest = strings.TrimPrefix(rest, "localhost")
		if !filepath.IsAbs(rest) {
			return source{}, mesos.Errorf(mesos.Invalid, "a file URI needs an absolute path")
		}
		return source{path: rest}, nil
	case "":
		switch {
		case filepath.IsAbs(rest):
			return source{path: rest}, nil
		case f.FrameworksHome == "":
			return source{}, mesos.Errorf(mesos.Invalid,
				"a relative path needs the agent's --frameworks_home, which is not set")
		}
		return source{path: filepath.Join(f.FrameworksHome, rest)}, nil
	}
	if f.HadoopHome != "" {
		return source{hadoop: uri}, nil
	}
	return source{}, mesos.Errorf(mesos.Unsupported,
		"scheme %q: not available on this agent, which has file, http and https, and others by way of a Hadoop client (--hadoop_home)", scheme)
}

// outputFile checks where in the sandbox a file is to go.
func outputFile(name string) (string, error) {
	switch {
	case name == "":
		return "", mesos.Errorf(mesos.Invalid, "output_file: empty")
	case strings.ContainsAny(name, "\x00"):
		return "", mesos.Errorf(mesos.Invalid, "output_file: %q: has a NUL byte", name)
	case !filepath.IsLocal(name) || path.Clean(name) == ".":
		return "", mesos.Errorf(mesos.Invalid, "output_file: %s: not a path within the sandbox", name)
	}
	return path.Clean(name), nil
}

// display is a URI as it may be shown: without a password.
func display(uri string) string {
	if u, err := url.Parse(strings.TrimSpace(uri)); err == nil && u.User != nil {
		return u.Redacted()
	}
	return uri
}
