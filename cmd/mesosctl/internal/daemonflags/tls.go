package daemonflags

import (
	"strings"

	"github.com/mesosctl/mesosctl/daemon"
	"github.com/mesosctl/mesosctl/mesos"
)

// tlsOf reads what Mesos's variables say of TLS. The part of it that is there: a
// daemon's port takes TLS beside plain connections, and asks clients for no
// certificate. What asks for more is refused, so that nobody believes in a
// protection that isn't there.
// https://mesos.apache.org/documentation/latest/ssl/
func tlsOf(env func(string) string) (*daemon.TLSConfig, error) {
	get := func(name string) string { return env("LIBPROCESS_SSL_" + name) }
	on := func(name string) bool { v := strings.ToLower(get(name)); return v == "1" || v == "true" }
	if !on("ENABLED") {
		return nil, nil
	}
	switch {
	case !on("SUPPORT_DOWNGRADE"):
		return nil, mesos.Errorf(mesos.Unsupported, "LIBPROCESS_SSL_ENABLED: this project's masters and agents talk to each other without TLS; "+
			"set LIBPROCESS_SSL_SUPPORT_DOWNGRADE=true to take both on one port")
	case on("REQUIRE_CERT"), on("VERIFY_CERT"), on("REQUIRE_CLIENT_CERT"):
		return nil, mesos.Errorf(mesos.Unsupported, "LIBPROCESS_SSL_REQUIRE_CERT, LIBPROCESS_SSL_VERIFY_CERT and LIBPROCESS_SSL_REQUIRE_CLIENT_CERT: "+
			"certificates of clients are not checked here")
	case get("CERT_FILE") == "" || get("KEY_FILE") == "":
		return nil, mesos.Errorf(mesos.Invalid, "LIBPROCESS_SSL_ENABLED needs LIBPROCESS_SSL_CERT_FILE and LIBPROCESS_SSL_KEY_FILE")
	}
	return &daemon.TLSConfig{CertFile: get("CERT_FILE"), KeyFile: get("KEY_FILE")}, nil
}
