package httpapi

import (
	"context"
	"net/http"

	"github.com/mesosctl/mesosctl/authn"
)

// in serves requests of a realm: whoever sends one is asked who they are, if the
// realm has an authenticator.
// https://mesos.apache.org/documentation/latest/authentication/#http-authentication
func (d *Daemon) in(realm string, next http.Handler) http.Handler {
	authenticator := d.Realms[realm]
	if authenticator == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := authenticator.Authenticate(r)
		if err != nil {
			w.Header().Set("WWW-Authenticate", authenticator.Challenge())
			refuse(w, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), identityKey{}, who)))
	})
}

type identityKey struct{}

// identityOf is who sent the request of a context.
func identityOf(ctx context.Context) authn.Identity {
	who, _ := ctx.Value(identityKey{}).(authn.Identity)
	return who
}

// claimsOf are what whoever sent the request of a context has proved to be. Who has
// a principal has no claims, which is not the same as having been asked for none.
func claimsOf(ctx context.Context) map[string]string {
	who := identityOf(ctx)
	if who.Principal != "" && who.Claims == nil {
		return map[string]string{}
	}
	return who.Claims
}

// principalOf is the principal of whoever sent the request of a context; empty
// if nobody was asked.
func principalOf(ctx context.Context) string { return identityOf(ctx).Principal }
