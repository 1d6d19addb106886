package daemon

import (
	"context"
	"errors"
	"net"
	"testing"
)

// https://mesos.apache.org/documentation/latest/configuration/master-and-agent/
func TestADaemonsHostnameIsLookedUp(t *testing.T) {
	// covers: HostnameTest.LookupEnabled
	broken := errors.New("there is no name")
	for name, test := range map[string]struct {
		ip    string
		names []string
		own   string
		want  string
	}{
		"known":            {"10.0.0.1", []string{"a1.example.", "other.example."}, "a1", "a1.example"},
		"not known":        {"10.0.0.1", nil, "a1", "a1"},
		"without any name": {"10.0.0.1", nil, "", "10.0.0.1"},
		"loopback":         {"127.0.0.2", []string{"localhost"}, "a1", "127.0.0.2"},
	} {
		lookUp := func(_ context.Context, ip string) ([]string, error) {
			if ip != test.ip || test.names == nil {
				return nil, broken
			}
			return test.names, nil
		}
		own := func() (string, error) {
			if test.own == "" {
				return "", broken
			}
			return test.own, nil
		}
		if got := hostnameOf(test.ip, lookUp, own); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestWithoutLookupTheHostnameIsTheAddress(t *testing.T) {
	// covers: HostnameTest.LookupDisabled
	for _, test := range []struct{ ip, advertised, hostname, want string }{
		{"127.0.0.1", "", "", "127.0.0.1"},
		{"127.0.0.1", "10.0.0.1", "", "10.0.0.1"},
		{"127.0.0.1", "10.0.0.1", "given", "given"},
		{"0.0.0.0", "", "", ""}, // whatever this machine's is
	} {
		c := CommonConfig{IP: test.ip, AdvertiseIP: test.advertised, Hostname: test.hostname, NoHostnameLookup: true}
		a, err := c.listen()
		if err != nil {
			t.Fatal(err)
		}
		a.listener.Close()
		if test.want == "" {
			if ip := net.ParseIP(a.hostname); ip == nil || ip.IsUnspecified() || a.hostname != a.ip {
				t.Errorf("at every address of this machine the hostname is %q", a.hostname)
			}
		} else if a.hostname != test.want {
			t.Errorf("%+v: the hostname is %q", test, a.hostname)
		}
	}
}
