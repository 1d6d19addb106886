package app

import (
	"crypto/tls"
	"fmt"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/contexts"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
)

// Target says which cluster to talk to.
type Target struct {
	Masters []string
	// From tells a person how it was found; empty if there is none.
	From string
	// Local tells that it is the cluster of mesosctl up.
	Local bool
	// Context is the context that it is of; nil if it is of none.
	Context *contexts.Context

	tls               *tls.Config
	principal, secret string
}

// Precedence says how a command finds its cluster, for people.
const Precedence = "Which cluster a command is about is said by the first of: --master, --context, MESOS_MASTER,\n" +
	"MESOSCTL_CONTEXT, the current context (mesosctl config use-context), the cluster of 'mesosctl up'.\n" +
	"--master and --context together are that context with other masters."

// FindCluster looks for the cluster that is meant; see Precedence. flag is that of
// --master. It may find none.
func (a *App) FindCluster(flag string) (Target, error) {
	target, err := a.target(flag)
	if err == nil {
		a.chosen, a.hint = target.Context, target.hint()
	}
	return target, err
}

// hint says what to look at when none of the masters can be reached.
func (t Target) hint() string {
	switch masters := strings.Join(t.Masters, ", "); {
	case len(t.Masters) == 0:
		return ""
	case t.Context != nil && t.From != "--master":
		return fmt.Sprintf("%s has the masters %s; 'mesosctl config set-context %s --masters=...' changes that", t.From, masters, t.Context.Name)
	case t.From == "mesosctl up":
		return "the cluster of 'mesosctl up' does not answer: 'mesosctl down' ends it"
	default:
		return fmt.Sprintf("%s has the masters %s: is one up, and is the port right?", t.From, masters)
	}
}

func (a *App) target(flag string) (Target, error) {
	switch {
	case a.Context != "":
		return a.context("--context", a.Context, flag)
	case flag != "":
		return direct("--master", flag)
	case a.Getenv("MESOS_MASTER") != "":
		return direct("MESOS_MASTER", a.Getenv("MESOS_MASTER"))
	case a.Getenv("MESOSCTL_CONTEXT") != "":
		return a.context("MESOSCTL_CONTEXT", a.Getenv("MESOSCTL_CONTEXT"), "")
	}
	file, err := contexts.Read(contexts.Path(a.Getenv))
	if err != nil {
		return Target{}, err
	}
	if file.CurrentContext != "" {
		return a.context("current-context of "+file.Path(), file.CurrentContext, "")
	}
	return a.local()
}

// direct is a cluster that is named by its masters.
func direct(from, text string) (Target, error) {
	masters, secure, err := client.ParseCluster(text)
	if err != nil {
		return Target{}, mesos.Errorf(mesos.KindOf(err), "%s: %w", from, err)
	}
	target := Target{Masters: masters, From: from}
	if secure {
		target.tls, err = client.TLSFiles{}.Load(time.Now())
	}
	return target, err
}

// local is the cluster of mesosctl up, if it runs.
func (a *App) local() (Target, error) {
	cluster, running, err := a.State().Running()
	if err != nil || !running {
		return Target{}, err
	}
	return Target{Masters: cluster.Addresses(), From: "mesosctl up", Local: true}, nil
}

// context is the cluster of a context, with other masters if there are some.
func (a *App) context(from, name, masters string) (Target, error) {
	file, err := contexts.Read(contexts.Path(a.Getenv))
	if err != nil {
		return Target{}, err
	}
	found, err := file.Find(name)
	if err != nil {
		return Target{}, mesos.Errorf(mesos.KindOf(err), "%s: %w", from, err)
	}
	if found == nil {
		if masters != "" {
			return direct("--master", masters)
		}
		return a.local()
	}
	if masters == "" {
		masters, from = strings.Join(found.Masters, ","), "context "+name
	} else {
		from = "--master"
	}
	target, err := direct(from, masters)
	if err != nil {
		return target, err
	}
	target.Context, target.principal = found, found.Principal
	if files := file.TLSFiles(found); files != nil {
		if target.tls, err = files.Load(time.Now()); err != nil {
			return target, mesos.Errorf(mesos.KindOf(err), "context %s: %w", name, err)
		}
	}
	target.secret, err = file.Secret(found)
	return target, err
}

// Config is how to talk to the cluster. Its media type is the faster one.
func (t Target) Config() client.Config {
	config := client.Config{Masters: t.Masters, MediaType: wire.Protobuf, Principal: t.principal, Secret: t.secret, TLS: t.tls}
	if t.Context != nil && t.Context.ReadOnly {
		config.ReadOnly = fmt.Sprintf("context %s is read-only ('mesosctl config set-context %s --no-read-only' lifts that)", t.Context.Name, t.Context.Name)
	}
	return config
}

// Connect is FindCluster for commands that need one, and makes a client of it.
func (a *App) Connect(flag string, patience time.Duration) (*client.Client, error) {
	target, err := a.FindCluster(flag)
	if err != nil {
		return nil, err
	}
	if len(target.Masters) == 0 {
		return nil, mesos.Errorf(mesos.Unavailable,
			"no cluster is known: name one with --master, --context or MESOS_MASTER, or start one with 'mesosctl up'")
	}
	config := target.Config()
	config.Patience, config.Suspicious = patience, true
	return client.New(config)
}
