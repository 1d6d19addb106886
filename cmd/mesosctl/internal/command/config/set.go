package config

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/contexts"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/mesos"
)

func newSet(a *app.App) *cobra.Command {
	var table flags.Table
	var use bool
	cmd := &cobra.Command{
		Use:   "set-context NAME [flags]",
		Short: "Make a context, or change one",
		Long: "Makes a context, or changes what the flags name of one. An empty value removes what was there.\n" +
			"Files are named, not copied: they are read when a command needs them.",
		Example: "  mesosctl config set-context prod --masters=m1:5050,m2:5050,m3:5050 --ca=ca.pem --principal=ops \\\n" +
			"    --secret-file=ops.secret --confirm --use",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: Names(a),
		RunE: func(_ *cobra.Command, args []string) error {
			if args[0] == contexts.Local {
				return mesos.Errorf(mesos.Invalid, "%s is the cluster of 'mesosctl up'; take another name", contexts.Local)
			}
			return set(a, args[0], table, use)
		},
	}
	table = settings()
	table.Register(cmd.Flags())
	flags.Table{flags.Bool("use", &use, false, "use the context from now on")}.Register(cmd.Flags())
	return cmd
}

// setting is what one flag changes of a context.
type setting struct {
	name, kind, usage string
	set               func(c *contexts.Context, text string) error
}

// tlsOf is a context's TLS, made if it has none.
func tlsOf(c *contexts.Context) *contexts.TLS {
	if c.TLS == nil {
		c.TLS = &contexts.TLS{}
	}
	return c.TLS
}

func to(field func(*contexts.Context) *string) func(*contexts.Context, string) error {
	return func(c *contexts.Context, text string) error {
		*field(c) = text
		return nil
	}
}

// file is to for paths, which are kept as seen from everywhere.
func file(field func(*contexts.Context) *string) func(*contexts.Context, string) error {
	return func(c *contexts.Context, text string) (err error) {
		if text != "" {
			text, err = filepath.Abs(strings.TrimPrefix(text, "file://"))
		}
		*field(c) = text
		return err
	}
}

func yes(field func(*contexts.Context) *bool) func(*contexts.Context, string) error {
	return func(c *contexts.Context, text string) (err error) {
		*field(c), err = strconv.ParseBool(text)
		return err
	}
}

// all is every setting, in the order of the help.
var all = []setting{
	{"masters", "host:port,host:port", "where the masters are; https:// before all of them means TLS", func(c *contexts.Context, text string) error {
		if c.Masters = nil; text != "" {
			c.Masters = strings.Split(text, ",")
		}
		return nil
	}},
	{"ca", "file", "certificate of the authority that signed the masters' and agents'; with it, or one of the next four, TLS is used", file(func(c *contexts.Context) *string { return &tlsOf(c).CA })},
	{"certificate", "file", "this user's own certificate", file(func(c *contexts.Context) *string { return &tlsOf(c).Certificate })},
	{"key", "file", "the key of that certificate", file(func(c *contexts.Context) *string { return &tlsOf(c).Key })},
	{"server_name", "name", "whose certificate masters and agents have, if not that of the host that is asked", to(func(c *contexts.Context) *string { return &tlsOf(c).ServerName })},
	{"insecure", "bool", "use TLS, but take any certificate: who listens in can pose as the cluster", yes(func(c *contexts.Context) *bool { return &tlsOf(c).Insecure })},
	{"principal", "name", "who this is, if the cluster wants to know", to(func(c *contexts.Context) *string { return &c.Principal })},
	{"secret_file", "file", "file with the principal's secret, which nobody else can read", file(func(c *contexts.Context) *string { return &c.SecretFile })},
	{"default_output", "form", "what --output is unless it is given", to(func(c *contexts.Context) *string { return &c.Output })},
	{"default_role", "role", "what --role is unless it is given", to(func(c *contexts.Context) *string { return &c.Role })},
	{"read_only", "bool", "refuse what changes the cluster", yes(func(c *contexts.Context) *bool { return &c.ReadOnly })},
	{"confirm", "bool", "have the context's name typed before something is destroyed; scripts name it: --context=NAME --yes", yes(func(c *contexts.Context) *bool { return &c.Confirm })},
}

// settings are the flags of all settings. Their texts are looked at when it is
// known of which context they are.
func settings() flags.Table {
	var table flags.Table
	for _, s := range all {
		initial := ""
		check := func(string) error { return nil }
		if s.kind == "bool" {
			initial = "false"
			check = func(text string) error {
				if _, err := strconv.ParseBool(text); err != nil {
					return mesos.Errorf(mesos.Invalid, "%q is not true or false", text)
				}
				return nil
			}
		}
		table = append(table, flags.Func(s.name, s.kind, initial, s.usage, check).Verbatim())
	}
	return table
}

func set(a *app.App, name string, table flags.Table, use bool) error {
	f, err := read(a)
	if err != nil {
		return err
	}
	made := f.Change(name, func(c *contexts.Context) {
		for flag, text := range table.Given() {
			for _, s := range all {
				if s.name == flag && err == nil {
					err = s.set(c, text)
				}
			}
		}
		if c.TLS != nil && *c.TLS == (contexts.TLS{}) {
			c.TLS = nil
		}
	})
	if err != nil {
		return mesos.Errorf(mesos.Invalid, "context %s: %w", name, err)
	}
	changed, err := f.Find(name)
	if err == nil {
		err = verify(f, changed)
	}
	if err != nil {
		return err
	}
	if use {
		f.CurrentContext = name
	}
	if err := f.Write(); err != nil {
		return err
	}
	verb := "changed"
	if made {
		verb = "made"
	}
	fmt.Fprintf(a.IO.Err, "context %s is %s, in %s\n", name, verb, f.Path())
	switch {
	case use:
		fmt.Fprintf(a.IO.Err, "commands now use it\n")
	case made && f.CurrentContext != name:
		fmt.Fprintf(a.IO.Err, "use it with --context=%s, or always with 'mesosctl config use-context %s'\n", name, name)
	}
	return nil
}
