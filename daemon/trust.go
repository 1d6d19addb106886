package daemon

import (
	"log/slog"
	"net/http"
	"net/url"

	"github.com/mesosctl/mesosctl/authn"
	"github.com/mesosctl/mesosctl/mesos"
)

// credentials reads the daemon's file of credentials; nil if it has none. The
// flag is how the file was given.
func (c *CommonConfig) credentials(flag string) (authn.Credentials, error) {
	if c.Credentials == "" {
		return nil, nil
	}
	credentials, others, err := authn.ReadCredentials(c.Credentials)
	if err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "--%s: %w", flag, err)
	}
	warnOfReaders(c.Log, c.Credentials, others)
	return credentials, nil
}

func warnOfReaders(log *slog.Logger, path string, others bool) {
	if others {
		log.Warn("every user of this machine may read the secrets in this file", "path", path)
	}
}

// basicRealms makes those realms ask for HTTP basic authentication that are
// switched on. The switches are by name of the flag, for errors.
func basicRealms(credentials authn.Credentials, flag string, switches ...realmSwitch) (authn.Realms, error) {
	realms := authn.Realms{}
	for _, s := range switches {
		if !s.on {
			continue
		}
		if credentials == nil {
			return nil, mesos.Errorf(mesos.Invalid, "--%s needs --%s: nobody could say who they are", s.flag, flag)
		}
		a, err := authn.New(s.realm, append([]authn.Scheme{authn.Basic{Credentials: credentials}}, s.also...)...)
		if err != nil {
			return nil, err
		}
		realms[s.realm] = a
	}
	return realms, nil
}

// realmSwitch is a flag that makes a realm ask.
type realmSwitch struct {
	realm, flag string
	on          bool
	also        []authn.Scheme // that will do beside Basic
}

// realms are whom a master asks who they are.
func (c *MasterConfig) realms() (authn.Realms, error) {
	const flag = "credentials"
	credentials, err := c.credentials(flag)
	if err != nil {
		return nil, err
	}
	if c.AuthenticateFrameworks && !c.AuthenticateHTTPFrameworks {
		c.Log.Warn("--authenticate_frameworks is of a driver that is not served: schedulers may subscribe without saying who " +
			"they are unless --authenticate_http_frameworks is given, too")
	}
	realms, err := basicRealms(credentials, flag,
		realmSwitch{authn.MasterReadonly, "authenticate_http_readonly", c.AuthenticateReadonly, nil},
		realmSwitch{authn.MasterReadwrite, "authenticate_http_readwrite", c.AuthenticateReadwrite, nil},
		realmSwitch{authn.MasterScheduler, "authenticate_http_frameworks", c.AuthenticateHTTPFrameworks, nil},
		realmSwitch{authn.MasterAgent, "authenticate_agents", c.AuthenticateAgents, nil})
	if err == nil && credentials != nil && realms[authn.MasterAgent] == nil {
		// Agents that say who they are unasked must prove it, too.
		realms[authn.MasterAgent], err = authn.New(authn.MasterAgent, authn.Basic{Credentials: credentials})
	}
	return realms, err
}

// agentPrincipal is who an agent that connects is. If it reports false it has
// answered the request.
func (m *Master) agentPrincipal(w http.ResponseWriter, r *http.Request) (principal string, ok bool) {
	asks := m.realms[authn.MasterAgent]
	if asks == nil || !m.cfg.AuthenticateAgents && r.Header.Get("Authorization") == "" {
		return "", true
	}
	who, err := asks.Authenticate(r)
	if err != nil {
		m.log.Warn("agent refused", "address", r.RemoteAddr, "error", err)
		w.Header().Set("WWW-Authenticate", asks.Challenge())
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return "", false
	}
	return who.Principal, true
}

// tokens are what executors prove with who they are; nil if there is no key to
// sign them with. They are given also if nobody asks for them, for an agent that
// comes later may.
func (c *AgentConfig) tokens() (*authn.Tokens, error) {
	if c.TokenKey == "" {
		if c.AuthenticateExecutors {
			return nil, mesos.Errorf(mesos.Invalid, "--authenticate_http_executors needs --jwt_secret_key: nobody could prove who they are")
		}
		return nil, nil
	}
	tokens, others, err := authn.ReadTokens(c.TokenKey)
	if err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "--jwt_secret_key: %w", err)
	}
	warnOfReaders(c.Log, c.TokenKey, others)
	return tokens, nil
}

// realms are whom an agent asks who they are. Executors use the operator API, too:
// where they have to prove who they are, their tokens will do there.
func (c *AgentConfig) realms(tokens *authn.Tokens) (authn.Realms, error) {
	const flag = "http_credentials"
	credentials, err := c.credentials(flag)
	if err != nil {
		return nil, err
	}
	var also []authn.Scheme
	if c.AuthenticateExecutors {
		also = append(also, tokens)
	}
	realms, err := basicRealms(credentials, flag,
		realmSwitch{authn.AgentReadonly, "authenticate_http_readonly", c.AuthenticateReadonly, also},
		realmSwitch{authn.AgentReadwrite, "authenticate_http_readwrite", c.AuthenticateReadwrite, also})
	if err == nil && c.AuthenticateExecutors {
		realms[authn.AgentExecutor], err = authn.New(authn.AgentExecutor, tokens)
	}
	return realms, err
}

// user is who the agent is to a master; nil if it has no credential.
func (c *AgentConfig) user() (*url.Userinfo, error) {
	if c.Credential == "" {
		return nil, nil
	}
	credential, others, err := authn.ReadCredential(c.Credential)
	if err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "--credential: %w", err)
	}
	warnOfReaders(c.Log, c.Credential, others)
	return url.UserPassword(credential.Principal, credential.Secret), nil
}
