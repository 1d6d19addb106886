// Package daemonflags is the flags of the daemons: Mesos's names and defaults,
// bound to the daemons' configurations. It decides nothing else.
package daemonflags

import (
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/build"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/daemon"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Logging is what the flags say about logs.
type Logging struct {
	level slog.Level
	quiet bool

	verbosity *daemon.Verbosity
}

// Verbosity is how much is logged, from what the flags say on: they have their values.
func (l *Logging) Verbosity() *daemon.Verbosity {
	if l.verbosity == nil {
		l.verbosity = daemon.NewVerbosity(l.level)
	}
	return l.verbosity
}

// Logger writes to w what the flags ask for.
func (l *Logging) Logger(w io.Writer) *slog.Logger {
	if l.quiet {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: l.Verbosity()}))
}

func common(c *daemon.CommonConfig, log *Logging, port int, lookup *bool) flags.Table {
	c.Version = build.Version
	return flags.Table{
		flags.String("ip", &c.IP, "127.0.0.1", "`address` to listen on; 0.0.0.0 is every address of this machine"),
		flags.Int("port", &c.Port, port, 0, 65535, "`port` to listen on; 0 picks a free one"),
		flags.String("advertise_ip", &c.AdvertiseIP, "", "`address` that others reach this one at, if that is not --ip"),
		flags.Int("advertise_port", &c.AdvertisePort, 0, 0, 65535, "`port` that others reach this one at; 0 is --port"),
		flags.String("hostname", &c.Hostname, "", "`name` to tell others; looked up if not given"),
		flags.Bool("hostname_lookup", lookup, true, "look the hostname up; otherwise it is the address"),
		flags.Func("domain", "json", "", "fault domain, as JSON of a DomainInfo", domain(&c.Domain)),
		flags.Func("logging_level", "level", "INFO", "least `level` that is logged: INFO, WARNING or ERROR", log.setLevel),
		flags.Bool("quiet", &log.quiet, false, "log nothing"),
		flags.Bool("authenticate_http_readonly", &c.AuthenticateReadonly, false, "ask those who read over HTTP who they are"),
		flags.Bool("authenticate_http_readwrite", &c.AuthenticateReadwrite, false, "ask those who change something over HTTP who they are"),
		flags.Func("http_authenticators", "list", "", "how HTTP clients say who they are: `basic`", onlyBasic),
		flags.Document("acls", "json", "who may do what: `JSON` of ACLs, or a file with it", accessLists(&c.ACLs)),

		flags.Later("external_log_file", ""),
		flags.Later("firewall_rules", ""),
		flags.Later("hooks", ""),
		flags.LaterBool("initialize_driver_logging", true),
		flags.Later("ip_discovery_command", ""),
		flags.Later("log_dir", ""),
		flags.Later("logbufsecs", "0"),
		flags.Later("modules_dir", ""),
		flags.Later("zk_session_timeout", "10secs"),
	}
}

// settle makes of flags what only all of them together say.
func settle(c *daemon.CommonConfig, lookup bool, t flags.Table) (err error) {
	if c.WorkDir, err = filepath.Abs(c.WorkDir); err != nil {
		return mesos.Errorf(mesos.Invalid, "--work_dir: %w", err)
	}
	if c.TLS, err = tlsOf(os.Getenv); err != nil {
		return err
	}
	c.NoHostnameLookup = !lookup
	c.Flags = t.Effective()
	return nil
}

func (l *Logging) setLevel(text string) error {
	switch text {
	case "INFO":
		l.level = slog.LevelInfo
	case "WARNING":
		l.level = slog.LevelWarn
	case "ERROR":
		l.level = slog.LevelError
	default:
		return mesos.Errorf(mesos.Invalid, "%q is none of INFO, WARNING and ERROR", text)
	}
	return nil
}

func domain(d *daemon.Domain) func(string) error {
	return func(text string) error {
		*d = daemon.Domain{}
		if text == "" {
			return nil
		}
		var info mesospb.DomainInfo
		if err := wire.UnmarshalJSON([]byte(text), &info); err != nil {
			return err
		}
		d.Region = info.GetFaultDomain().GetRegion().GetName()
		d.Zone = info.GetFaultDomain().GetZone().GetName()
		return nil
	}
}

// stringMap is a JSON object of strings.
func stringMap(m *map[string]string) func(string) error {
	return func(text string) error {
		*m = nil
		if text == "" {
			return nil
		}
		if err := json.Unmarshal([]byte(text), m); err != nil {
			return mesos.Errorf(mesos.Invalid, "not a JSON object of strings: %w", err)
		}
		return nil
	}
}
