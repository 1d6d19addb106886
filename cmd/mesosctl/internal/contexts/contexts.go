// Package contexts is the clusters that a user has names for, in a file.
package contexts

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/internal/whole"
	"github.com/mesosctl/mesosctl/kinds/pick"
	"github.com/mesosctl/mesosctl/mesos"
)

// Local is the context of the cluster that `mesosctl up` started. It is always
// there, and not in the file.
const Local = "local"

// File is what the file holds.
type File struct {
	// CurrentContext is the one that is used unless another one is named.
	CurrentContext string    `json:"current-context,omitempty"`
	Contexts       []Context `json:"contexts,omitempty"`

	path string
}

// Context is how to get to a cluster, and what to do there unless a flag says
// otherwise. Paths of files are as seen from the directory of the file.
type Context struct {
	Name string `json:"name"`
	// Masters are as --master has them, one by one.
	Masters []string `json:"masters"`
	TLS     *TLS     `json:"tls,omitempty"`
	// Principal is who this is, if the cluster wants to know, and SecretFile a file
	// with its secret.
	Principal  string `json:"principal,omitempty"`
	SecretFile string `json:"secret-file,omitempty"`
	// Output and Role are the defaults of --output and --role.
	Output string `json:"output,omitempty"`
	Role   string `json:"role,omitempty"`
	// ReadOnly refuses what changes the cluster.
	ReadOnly bool `json:"read-only,omitempty"`
	// Confirm has a person type the context's name before something is destroyed.
	Confirm bool `json:"confirm,omitempty"`
}

// TLS is how a cluster is reached over TLS.
type TLS struct {
	CA          string `json:"ca,omitempty"`
	Certificate string `json:"certificate,omitempty"`
	Key         string `json:"key,omitempty"`
	ServerName  string `json:"server-name,omitempty"`
	Insecure    bool   `json:"insecure,omitempty"`
}

// Path is the file: $MESOSCTL_CONFIG, else mesosctl/config.yaml in
// $XDG_CONFIG_HOME, which is ~/.config if it is not set.
func Path(getenv func(string) string) string {
	if path := getenv("MESOSCTL_CONFIG"); path != "" {
		return path
	}
	dir := getenv("XDG_CONFIG_HOME")
	if dir == "" {
		home := getenv("HOME")
		if home == "" {
			return ""
		}
		dir = filepath.Join(home, ".config")
	}
	return filepath.Join(dir, "mesosctl", "config.yaml")
}

// Read reads the file. One that is not there has no contexts.
func Read(path string) (*File, error) {
	f := &File{path: path}
	if path == "" {
		return f, nil
	}
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, nil
	case errors.Is(err, fs.ErrPermission):
		return nil, mesos.Errorf(mesos.Invalid, "read the contexts: %w: let this user read it, or name another file in MESOSCTL_CONFIG", err)
	case err != nil:
		return nil, mesos.Errorf(mesos.Invalid, "read the contexts: %w", err)
	}
	if err := yaml.UnmarshalStrict(data, f); err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "the contexts in %s: %s", path, strings.TrimPrefix(err.Error(), "error unmarshaling JSON: while decoding JSON: "))
	}
	return f, f.check()
}

func (f *File) check() error {
	seen := map[string]bool{}
	for i, c := range f.Contexts {
		switch {
		case c.Name == "":
			return mesos.Errorf(mesos.Invalid, "the contexts in %s: number %d has no name", f.path, i+1)
		case c.Name == Local:
			return mesos.Errorf(mesos.Invalid, "the contexts in %s: %s is the name of the cluster of 'mesosctl up'; take another one", f.path, Local)
		case seen[c.Name]:
			return mesos.Errorf(mesos.Invalid, "the contexts in %s: there are two of the name %s", f.path, c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}

// Path is where the file is.
func (f *File) Path() string { return f.path }

// Write writes the file, for this user only.
func (f *File) Write() error {
	if f.path == "" {
		return mesos.Errorf(mesos.Invalid, "there is no place for contexts: neither MESOSCTL_CONFIG nor HOME is set")
	}
	if err := f.check(); err != nil {
		return err
	}
	data, err := yaml.Marshal(f)
	if err == nil {
		if err = os.MkdirAll(filepath.Dir(f.path), 0o700); err == nil {
			err = whole.Write(f.path, data, 0o600)
		}
	}
	if err != nil {
		return mesos.Errorf(mesos.Internal, "write the contexts: %w", err)
	}
	return nil
}

// Find finds a context by its name; nil is Local. An error of kind mesos.NotFound
// says which one may have been meant.
func (f *File) Find(name string) (*Context, error) {
	if name == Local {
		return nil, nil //nolint:nilnil // there is nothing to say of it
	}
	if i := f.index(name); i >= 0 {
		return &f.Contexts[i], nil
	}
	names := f.Names()
	if meant := pick.Suggest(name, names); meant != "" {
		return nil, mesos.Errorf(mesos.Invalid, "there is no context %q; did you mean %s?", name, meant)
	}
	return nil, mesos.Errorf(mesos.Invalid, "there is no context %q; there is %s ('mesosctl config set-context' makes one)", name, strings.Join(names, ", "))
}

func (f *File) index(name string) int {
	return slices.IndexFunc(f.Contexts, func(c Context) bool { return c.Name == name })
}

// Names are the names of all contexts, Local's last.
func (f *File) Names() []string {
	var names []string
	for _, c := range f.Contexts {
		names = append(names, c.Name)
	}
	return append(names, Local)
}

// Change changes a context, which is made if it is not there, and reports whether
// it was.
func (f *File) Change(name string, change func(*Context)) (made bool) {
	i := f.index(name)
	if made = i < 0; made {
		f.Contexts = append(f.Contexts, Context{Name: name})
		i = len(f.Contexts) - 1
	}
	change(&f.Contexts[i])
	return made
}

// Delete removes a context.
func (f *File) Delete(name string) error {
	if name == Local {
		return mesos.Errorf(mesos.Invalid, "%s is the cluster of 'mesosctl up', which 'mesosctl down' ends", Local)
	}
	if _, err := f.Find(name); err != nil {
		return err
	}
	f.Contexts = slices.Delete(f.Contexts, f.index(name), f.index(name)+1)
	if f.CurrentContext == name {
		f.CurrentContext = ""
	}
	return nil
}

// Resolve is a path of a context as seen from here.
func (f *File) Resolve(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(f.path), path)
}

// TLSFiles are the files of a context's TLS; nil if it has none.
func (f *File) TLSFiles(c *Context) *client.TLSFiles {
	if c.TLS == nil {
		return nil
	}
	return &client.TLSFiles{
		CA: f.Resolve(c.TLS.CA), Certificate: f.Resolve(c.TLS.Certificate), Key: f.Resolve(c.TLS.Key),
		ServerName: c.TLS.ServerName, Insecure: c.TLS.Insecure,
	}
}

// Secret reads the secret of a context's principal, which nobody else may.
func (f *File) Secret(c *Context) (string, error) {
	if c.SecretFile == "" {
		return "", nil
	}
	path := f.Resolve(c.SecretFile)
	info, err := os.Stat(path)
	if err != nil {
		return "", mesos.Errorf(mesos.Invalid, "context %s: the secret of %s: %w", c.Name, c.Principal, err)
	}
	if open(info) {
		return "", mesos.Errorf(mesos.Invalid, "context %s: everybody can read the secret in %s: chmod o-rwx it", c.Name, path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", mesos.Errorf(mesos.Invalid, "context %s: the secret of %s: %w", c.Name, c.Principal, err)
	}
	return string(bytes.TrimRight(data, "\r\n")), nil
}
