package httpapi

import (
	"net/http"
	"net/url"

	"github.com/mesosctl/mesosctl/mesos"
)

// teardown serves POST /teardown: its body is frameworkId=ID, as a form has it.
// https://mesos.apache.org/documentation/latest/endpoints/master/teardown/
func (m *Master) teardown(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodPost) {
		return
	}
	form, err := readForm(w, r)
	if err == nil && !form.Has("frameworkId") {
		err = mesos.Errorf(mesos.Invalid, "teardown: frameworkId is missing in the request's body")
	}
	if err == nil {
		err = m.Operator.Teardown(r.Context(), principalOf(r.Context()), form.Get("frameworkId"))
	}
	if err != nil {
		refuse(w, err)
	}
}

// readForm reads a body of NAME=VALUE pairs, whatever its Content-Type says.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	body, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "the body is not NAME=VALUE pairs: %w", err)
	}
	return form, nil
}
