package debug

import (
	"bytes"
	"strings"
	"testing"
)

// What is planted is not found, and what is of use is.
func TestSecretsAreLeftOut(t *testing.T) {
	const planted = "hunter2"
	for _, text := range []string{
		`{"environment":{"variables":[{"name":"HOME","value":"hunter2"},{"name":"X","type":"SECRET","secret":{"type":"VALUE","value":{"data":"hunter2"}}}]}}`,
		`{"volumes":[{"source":{"type":"SECRET","secret":{"type":"VALUE","value":{"data":"hunter2"}}}}]}`,
		`{"image":{"docker":{"config":{"type":"VALUE","value":{"data":"hunter2"}}}}}`,
		`{"executor_info":{"data":"hunter2"}}`,
		`{"command":{"value":"mysql --password=hunter2 -u root"}}`,
		`{"command":{"value":"mysql --password hunter2"}}`,
		`{"command":{"value":"curl -H 'Authorization: Bearer hunter2' x"}}`,
		`{"command":{"arguments":["--token=hunter2"]}}`,
		`{"command":{"uris":[{"value":"https://me:hunter2@host/x"},{"value":"https://host/x?access_token=hunter2&y=1"}]}}`,
		`{"labels":{"labels":[{"key":"db_password","value":"hunter2"}]}}`,
		`{"flags":{"credentials":"{\"principal\":\"a\",\"secret\":\"hunter2\"}"}}`,
		`{"flags":[{"name":"credential","value":"hunter2"}]}`,
		`{"acls":{"secret_token":["hunter2"]}}`,
	} {
		if got := string(hideJSON([]byte(text))); strings.Contains(got, planted) || !strings.Contains(got, hidden) {
			t.Errorf("%s is\n%s", text, got)
		}
	}
	for _, text := range []string{
		"Authorization: Basic hunter2", "secret=hunter2", `"secret": "hunter2"`, "password 'hunter2'", "http://u:hunter2@h", "token=hunter2;x",
		"eyJhbGciOi.hunter2.sig",
	} {
		if got := hideText(text); strings.Contains(got, planted) {
			t.Errorf("%s is %s", text, got)
		}
	}
}

func TestWhatIsNoSecretStays(t *testing.T) {
	for _, text := range []string{
		`{"flags":{"credentials":"/etc/mesos/credentials","work_dir":"/var/lib/mesos","authenticate_frameworks":"true"}}`,
		`{"agent_info":{"hostname":"h1","port":5051,"attributes":[{"name":"rack","text":{"value":"r1"}}]}}`,
		`{"resources":[{"name":"cpus","scalar":{"value":2.5}}],"command":{"value":"sleep 1000"}}`,
	} {
		got := hideJSON([]byte(text))
		if bytes.Contains(got, []byte(hidden)) {
			t.Errorf("%s is\n%s", text, got)
		}
	}
}
