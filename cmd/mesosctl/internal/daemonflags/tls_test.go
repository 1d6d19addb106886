package daemonflags

import (
	"strings"
	"testing"
)

func TestTLSOfTheEnvironment(t *testing.T) {
	full := map[string]string{"ENABLED": "1", "SUPPORT_DOWNGRADE": "true", "CERT_FILE": "c", "KEY_FILE": "k"}
	for _, test := range []struct{ name, value, want string }{
		{"", "", ""},
		{"ENABLED", "0", ""},
		{"SUPPORT_DOWNGRADE", "false", "SUPPORT_DOWNGRADE=true"},
		{"REQUIRE_CERT", "true", "certificates of clients are not checked"},
		{"KEY_FILE", "", "LIBPROCESS_SSL_KEY_FILE"},
	} {
		c, err := tlsOf(func(name string) string {
			if name = strings.TrimPrefix(name, "LIBPROCESS_SSL_"); name == test.name {
				return test.value
			}
			return full[name]
		})
		switch {
		case test.want != "":
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s=%s: %v", test.name, test.value, err)
			}
		case err != nil || (c == nil) != (test.name == "ENABLED"):
			t.Errorf("%s=%s: %v, %v", test.name, test.value, c, err)
		}
	}
}
