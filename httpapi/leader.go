package httpapi

import (
	"net"
	"net/http"
	"strconv"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Leadership is what a master knows about who leads.
type Leadership interface {
	// Leading reports whether this master leads.
	Leading() bool
	// Recovered reports whether the leader has read the registry and can decide.
	Recovered() bool
	// Leader is the leading master; nil while none is known.
	Leader() *mesospb.MasterInfo
}

// Address is the host:port at which a master is reached.
func Address(info *mesospb.MasterInfo) string {
	host := info.GetHostname()
	if host == "" {
		host = info.GetAddress().GetHostname()
	}
	if host == "" {
		host = info.GetAddress().GetIp()
	}
	return net.JoinHostPort(host, strconv.Itoa(int(info.GetPort())))
}

// RequireLeader serves requests by next while this master leads, and otherwise
// sends the client to the leader (307) or asks it to come again (503).
func RequireLeader(l Leadership, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.Leading() {
			next.ServeHTTP(w, r)
			return
		}
		redirect(w, l.Leader(), r.URL.RequestURI())
	})
}

// requireRecovered is RequireLeader for what can't be answered during recovery.
func requireRecovered(l Leadership, next http.Handler) http.Handler {
	return RequireLeader(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !l.Recovered() {
			refuse(w, mesos.Errorf(mesos.Unavailable, "the master has not finished its recovery"))
			return
		}
		next.ServeHTTP(w, r)
	}))
}

// redirect sends a client to the same path at the leader. The location leaves
// the scheme open, so that it holds for http and https.
func redirect(w http.ResponseWriter, leader *mesospb.MasterInfo, path string) {
	if leader == nil {
		refuse(w, mesos.Errorf(mesos.Unavailable, "no master leads at the moment"))
		return
	}
	w.Header().Set("Location", "//"+Address(leader)+path)
	w.WriteHeader(http.StatusTemporaryRedirect)
}
