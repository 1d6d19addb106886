package httpapi

import (
	"context"
	"net/http"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
)

// authorized serves an endpoint to those only that may GET it.
func (d *Daemon) authorized(path string, next http.Handler) http.Handler {
	if d.ACLs == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.ACLs.Allows(principalOf(r.Context()), acl.GetEndpoint, path) {
			refuse(w, d.forbidden(r.Context(), "get "+path))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// forbidden is the error of somebody who may not do something.
func (d *Daemon) forbidden(ctx context.Context, what string) error {
	if principal := principalOf(ctx); principal != "" {
		return mesos.Errorf(mesos.Forbidden, "principal %q may not %s", principal, what)
	}
	return mesos.Errorf(mesos.Forbidden, "somebody who did not authenticate may not %s", what)
}

func (d *Daemon) mayViewFlags(ctx context.Context) error {
	if d.ACLs.AllowsAny(principalOf(ctx), acl.ViewFlags) {
		return nil
	}
	return d.forbidden(ctx, "view the flags")
}
