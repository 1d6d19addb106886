package daemonflags

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/mesosctl/mesosctl/daemon"
	"github.com/mesosctl/mesosctl/mesos"
)

func TestRateLimits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "limits.json")
	text := `{"limits": [{"principal": "foo", "qps": 55.5, "capacity": 100000}, {"principal": "bar", "qps": 300}, {"principal": "baz"}],
		"aggregate_default_qps": 333, "aggregate_default_capacity": 1000000}`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{text, path, "file://" + path} {
		m := NewMaster()
		set := pflag.NewFlagSet("master", pflag.ContinueOnError)
		m.Table.Register(set)
		if err := set.Parse([]string{"--rate_limits=" + value}); err != nil {
			t.Fatal(err)
		}
		got := m.Config.RateLimits
		want := map[string]daemon.RateLimit{"foo": {PerSecond: 55.5, Capacity: 100000}, "bar": {PerSecond: 300, Capacity: -1}, "baz": {Capacity: -1}}
		for principal, limit := range want {
			if got.Principals[principal] != limit {
				t.Errorf("limit of %s is %+v", principal, got.Principals[principal])
			}
		}
		if got.Default != (daemon.RateLimit{PerSecond: 333, Capacity: 1000000}) {
			t.Errorf("default is %+v", got.Default)
		}
	}
}

func TestWrongRateLimitsAreNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "limits.json")
	for text, says := range map[string]string{
		"{":                        "EOF",
		`{"limits": [{"qps": 1}]}`: "limits[0].principal",
		`{"limits": [{"principal": "a"}, {"principal": "a"}]}`:       "twice",
		`{"limits": [{"principal": "a", "qps": 0}]}`:                 "limits[0].qps",
		`{"limits": [{"principal": "a", "qps": 1, "capacity": -1}]}`: "capacity",
		`{"limit": []}`:                "limit",
		`{"aggregate_default_qps":-1}`: "aggregate_default_qps",
		`{} {}`:                        "more after",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		set := pflag.NewFlagSet("master", pflag.ContinueOnError)
		NewMaster().Table.Register(set)
		err := set.Parse([]string{"--rate_limits=file://" + path})
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v; want %s and the file's name", text, err, says)
		}
	}
	if _, err := parseRateLimits([]byte(`{"limits": [{"principal": "a", "qps": 1e999}]}`)); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("a rate beyond numbers: %v", err)
	}
}
