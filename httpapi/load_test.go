package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// together sends requests at the same time, many of each, and returns what each
// was answered, which is the same for all of its kind.
func together(t *testing.T, ask map[string]func() *httptest.ResponseRecorder) map[string]string {
	t.Helper()
	const each = 8
	var mu sync.Mutex
	var requests sync.WaitGroup
	begin := make(chan struct{})
	answers := make(map[string]string)
	for name, send := range ask {
		for range each {
			requests.Go(func() {
				<-begin
				answer := send()
				mu.Lock()
				defer mu.Unlock()
				earlier, known := answers[name]
				if answer.Code != http.StatusOK || known && earlier != answer.Body.String() {
					t.Errorf("%s: %d %s, and before %s", name, answer.Code, answer.Body, earlier)
				}
				answers[name] = answer.Body.String()
			})
		}
	}
	close(begin)
	requests.Wait()
	return answers
}

func TestReadersAtTheSameTimeSeeWhatTheyMay(t *testing.T) {
	// covers: MasterLoadTest.Principals
	h, _ := watched(t)
	ask := make(map[string]func() *httptest.ResponseRecorder)
	for _, who := range []string{"ann", "bob", "ops"} {
		ask[who] = func() *httptest.ResponseRecorder { return askAs(h, who, http.MethodGet, "/frameworks") }
	}
	answers := together(t, ask)
	for who, sees := range map[string]string{"ann": "F", "bob": "F H", "ops": "F H"} {
		for _, id := range []string{"F", "H"} {
			if got := strings.Contains(answers[who], `"id":"`+id+`"`); got != strings.Contains(sees, id) {
				t.Errorf("%s sees framework %s: %v", who, id, got)
			}
		}
	}
}

func TestQueriesAtTheSameTimeAreAnsweredEach(t *testing.T) {
	// covers: MasterLoadTest.QueryParameters
	config, _ := leader()
	cluster(config.View)
	h := NewMaster(config)
	send := func(query string) func() *httptest.ResponseRecorder {
		return func() *httptest.ResponseRecorder { return ask(h, http.MethodGet, "/frameworks"+query) }
	}
	answers := together(t, map[string]func() *httptest.ResponseRecorder{
		"all": send(""), "none": send("?framework_id=nobody"), "script": send("?jsonp=xxx"),
	})
	if !strings.Contains(answers["all"], `"id":"F"`) || strings.Contains(answers["none"], `"id":"F"`) ||
		!strings.HasPrefix(answers["script"], "xxx(") || !strings.Contains(answers["script"], `"id":"F"`) {
		t.Errorf("the answers are %q", answers)
	}
}

func TestPagesAtTheSameTimeAreWhatTheyAreAlone(t *testing.T) {
	// covers: MasterLoadTest.SimultaneousBatchedRequests
	config, _ := leader()
	cluster(config.View)
	h := NewMaster(config)
	pages := make(map[string]func() *httptest.ResponseRecorder)
	for _, path := range []string{"/state", "/state-summary", "/frameworks", "/slaves", "/roles"} {
		pages[path] = func() *httptest.ResponseRecorder { return ask(h, http.MethodGet, path) }
	}
	answers := together(t, pages)
	// Of a master that was never asked anything before.
	other, _ := leader()
	cluster(other.View)
	alone := NewMaster(other)
	for path, answer := range answers {
		if want := ask(alone, http.MethodGet, path).Body.String(); answer != want {
			t.Errorf("%s: %s, and alone %s", path, answer, want)
		}
	}
}
