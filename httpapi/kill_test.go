package httpapi

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestKillEndpoint(t *testing.T) {
	m := explainable()
	operator := new(fakeOperator)
	m.Operator = operator
	server := serve(t, NewMaster(*m))
	for body, want := range map[string]string{
		"framework=F&task=T":                    "kill T of F",
		"framework=F&task=T&grace_period=5secs": "kill T of F, within 5s",
	} {
		form, err := url.ParseQuery(body)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.PostForm(server.URL+"/mesosctl/kill", form)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK || operator.asked != want {
			t.Errorf("%s: %s, asked %q", body, answer.Status, operator.asked)
		}
	}
	for _, test := range []wrong{
		{name: "nothing named", body: strings.NewReader("task=T"), status: 400, says: "name a framework and its task"},
		{name: "unknown task", body: strings.NewReader("framework=F&task=X"), status: 404, says: `no task "X"`},
		{name: "no duration", body: strings.NewReader("framework=F&task=T&grace_period=soon"), status: 400, says: "grace_period"},
		{name: "negative", body: strings.NewReader("framework=F&task=T&grace_period=-1secs"), status: 400, says: "negative"},
		{name: "method", method: http.MethodGet, status: 405, says: "takes POST"},
	} {
		test.path = "/mesosctl/kill"
		test.run(t, server.URL)
	}
}
