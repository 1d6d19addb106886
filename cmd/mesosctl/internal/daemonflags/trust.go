package daemonflags

import (
	"strings"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/daemon"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
)

// masterTrust is whom a master trusts.
func masterTrust(c *daemon.MasterConfig) flags.Table {
	return flags.Table{
		flags.Path("credentials", &c.Credentials, "", "`file` with the principals and secrets of HTTP clients, schedulers and agents"),
		flags.Bool("authenticate_agents", &c.AuthenticateAgents, false, "let only agents register that say who they are").
			Formerly("authenticate_slaves"),
		flags.Bool("authenticate_http_frameworks", &c.AuthenticateHTTPFrameworks, false, "let only schedulers subscribe that say who they are"),
		flags.Func("http_framework_authenticators", "list", "", "how schedulers say who they are: `basic`", onlyBasic),
		flags.Bool("authenticate_frameworks", &c.AuthenticateFrameworks, false,
			"of frameworks that use the driver of the old API, which are not served; see --authenticate_http_frameworks"),
		flags.Document("rate_limits", "json", "how fast frameworks' calls are taken, by principal: `JSON` of RateLimits, or a file with it", rateLimits(&c.RateLimits)),
		flags.Func("authorizers", "name", "local", "who decides what is allowed: `local`, which goes by --acls", onlyLocal),
	}
}

// agentTrust is whom an agent trusts, and who it is itself.
func agentTrust(c *daemon.AgentConfig) flags.Table {
	return flags.Table{
		flags.Path("http_credentials", &c.Credentials, "", "`file` with the principals and secrets of HTTP clients"),
		flags.Path("jwt_secret_key", &c.TokenKey, "", "`file` with the key that executors' tokens are signed with").Formerly("executor_secret_key"),
		flags.Bool("authenticate_http_executors", &c.AuthenticateExecutors, false, "let executors in that prove who they are with such a token, and no others"),
		flags.Path("credential", &c.Credential, "", "`file` with the principal and secret that the agent says to the master who it is"),
		flags.Func("authorizer", "name", "local", "who decides what is allowed: `local`, which goes by --acls", onlyLocal),
	}
}

func accessLists(to **acl.ACLs) func(string) error {
	return func(text string) (err error) {
		*to = nil
		if text != "" {
			*to, err = acl.Parse([]byte(text))
		}
		return err
	}
}

func onlyBasic(text string) error {
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" && name != "basic" {
			return mesos.Errorf(mesos.Unsupported, "%q: only basic is supported", name)
		}
	}
	return nil
}

func onlyLocal(text string) error {
	if text != "" && text != "local" {
		return mesos.Errorf(mesos.Unsupported, "%q: only local is supported", text)
	}
	return nil
}
