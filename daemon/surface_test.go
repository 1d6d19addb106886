//go:build !windows

package daemon

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// The tests of this file walk the tables of what Mesos serves against a real
// master and a real agent. What is left out says why.

// absentEndpoints are not served.
var absentEndpoints = map[string]string{
	"agent /api/v1/resource_provider": "there are no resource providers yet",
}

// absentCalls are refused with a sentence.
var absentCalls = map[string]string{
	"mesos.v1.master.Call UNKNOWN":                        "no call, but what an unknown one is taken for",
	"mesos.v1.agent.Call UNKNOWN":                         "no call, but what an unknown one is taken for",
	"mesos.v1.agent.Call ADD_RESOURCE_PROVIDER_CONFIG":    "there are no resource providers yet",
	"mesos.v1.agent.Call UPDATE_RESOURCE_PROVIDER_CONFIG": "there are no resource providers yet",
	"mesos.v1.agent.Call REMOVE_RESOURCE_PROVIDER_CONFIG": "there are no resource providers yet",
	"mesos.v1.agent.Call MARK_RESOURCE_PROVIDER_GONE":     "there are no resource providers yet",
}

// absentMetrics are patterns of metrics that an idle master and an idle agent of a
// test don't have.
var absentMetrics = map[string]string{
	`containerizer/docker/.*`:                 "the Docker containerizer is not there yet",
	`resource_providers/.*`:                   "there are no resource providers yet",
	`containerizer/mesos/provisioner/.*`:      "they begin with the first image that is pulled, as in Mesos",
	`containerizer/mesos/disk/project_ids_.*`: "they need --isolation=disk/xfs",
	`volume_gid_manager/.*`:                   "they need --volume_gid_range",
	`master/task_lost/source_.*/reason_.*`:    "they begin with the first task that is lost so, as in Mesos",
}

func table(t *testing.T, file string) (rows [][]string) {
	t.Helper()
	text, err := os.ReadFile("../docs/" + file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return rows
}

// answered sends a request with no redirects followed.
func answered(t *testing.T, method, url string, header http.Header, body []byte) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return resp, got
}

func TestEveryEndpointOfMesosIsServed(t *testing.T) {
	l := startLocal(t)
	if err := l.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, row := range table(t, "endpoints.tsv")[1:] {
		daemon, path := row[0], row[1]
		host, prefix := l.Master(), "/master"
		if daemon == "agent" {
			host, prefix = l.Agents()[0], "/slave(1)"
		}
		for _, method := range strings.Split(row[2], ",") {
			for _, path := range []string{path, prefix + path} {
				resp, body := answered(t, method, "http://"+host+path, nil, nil)
				absent := resp.StatusCode == http.StatusNotFound && strings.HasPrefix(string(body), "there is no") ||
					resp.StatusCode == http.StatusMethodNotAllowed || resp.StatusCode >= http.StatusInternalServerError
				if _, excepted := absentEndpoints[daemon+" "+row[1]]; absent != excepted {
					t.Errorf("%s %s %s: %s: %.200s", daemon, method, path, resp.Status, body)
				}
			}
			if method != http.MethodGet {
				continue
			}
			if resp, _ := answered(t, http.MethodPatch, "http://"+host+path, nil, nil); resp.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("PATCH %s: %s", path, resp.Status)
			}
		}
	}
}

func TestEveryCallOfMesosIsServed(t *testing.T) {
	cfg := localConfig(t)
	cfg.Master.Verbosity, cfg.Agent.Verbosity = NewVerbosity(slog.LevelInfo), NewVerbosity(slog.LevelInfo)
	l := startLocalAs(t, cfg)
	if err := l.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, daemon := range []struct {
		host           string
		call, response wire.Message
	}{
		{l.Master(), new(masterpb.Call), new(masterpb.Response)},
		{l.Agents()[0], new(agentpb.Call), new(agentpb.Response)},
	} {
		call := daemon.call.ProtoReflect()
		types := call.Descriptor().Fields().ByName("type").Enum().Values()
		for i := range types.Len() {
			checkCall(t, daemon.host, call.New(), types.Get(i), daemon.response.ProtoReflect())
		}
	}
}

// checkCall makes a call of a type without arguments, in both encodings. Those
// that only look must answer with what they are asked for, and the same in both.
func checkCall(t *testing.T, host string, call protoreflect.Message, kind protoreflect.EnumValueDescriptor, response protoreflect.Message) {
	t.Helper()
	name := string(call.Descriptor().FullName()) + " " + string(kind.Name())
	call.Set(call.Descriptor().Fields().ByName("type"), protoreflect.ValueOfEnum(kind.Number()))
	argument := call.Descriptor().Fields().ByName(protoreflect.Name(strings.ToLower(string(kind.Name()))))
	if argument != nil {
		call.Set(argument, protoreflect.ValueOfMessage(filled(call.Get(argument).Message().New())))
	}
	if kind.Name() == "SUBSCRIBE" || kind.Name() == "GET_METRICS" { // one never ends, the other is not the same twice
		return
	}
	var answers []protoreflect.Message
	for _, media := range []wire.MediaType{wire.JSON, wire.Protobuf} {
		body, err := media.Append(nil, call.Interface().(wire.Message))
		if err != nil {
			t.Fatal(err)
		}
		header := http.Header{"Content-Type": {media.String()}, "Accept": {media.String()}}
		resp, got := answered(t, http.MethodPost, "http://"+host+"/api/v1", header, body)
		refused := resp.StatusCode >= http.StatusInternalServerError
		if _, excepted := absentCalls[name]; refused != excepted {
			t.Errorf("%s in %s: %s: %s", name, media, resp.Status, got)
		}
		if !strings.HasPrefix(string(kind.Name()), "GET_") {
			if resp.StatusCode >= http.StatusBadRequest && len(got) == 0 {
				t.Errorf("%s in %s: %s without a sentence", name, media, resp.Status)
			}
			continue
		}
		answer := response.New()
		if err := media.Unmarshal(got, answer.Interface().(wire.Message)); err != nil {
			t.Fatalf("%s in %s: %s: %v: %.200s", name, media, resp.Status, err, got)
		}
		answers = append(answers, answer)
		if told := answer.Get(answer.Descriptor().Fields().ByName("type")).Enum(); answer.Descriptor().Fields().ByName("type").
			Enum().Values().ByNumber(told).Name() != kind.Name() {
			t.Errorf("%s in %s is answered with type %d", name, media, told)
		}
		if field := answer.Descriptor().Fields().ByName(protoreflect.Name(strings.ToLower(string(kind.Name())))); !answer.Has(field) {
			t.Errorf("%s in %s: the answer has no %s", name, media, field.Name())
		}
	}
	if len(answers) == 2 && !proto.Equal(answers[0].Interface(), answers[1].Interface()) {
		t.Errorf("%s: JSON tells %v, protobuf %v", name, answers[0], answers[1])
	}
}

// filled sets the required fields of a message, to nothing.
func filled(m protoreflect.Message) protoreflect.Message {
	for i := range m.Descriptor().Fields().Len() {
		switch field := m.Descriptor().Fields().Get(i); {
		case field.Cardinality() != protoreflect.Required:
		case field.Message() != nil:
			m.Set(field, protoreflect.ValueOfMessage(filled(m.Get(field).Message().New())))
		default:
			m.Set(field, field.Default())
		}
	}
	return m
}

// snapshotOf is /metrics/snapshot.
func snapshotOf(t *testing.T, host string) map[string]float64 {
	t.Helper()
	metrics := make(map[string]float64)
	fetchJSON(t, "http://"+host+"/metrics/snapshot", &metrics)
	return metrics
}

func TestEveryMetricOfMesosIsThere(t *testing.T) {
	l := startLocal(t)
	if err := l.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := subscribe(t, l.Master())
	s.next(schedulerpb.Event_OFFERS)
	resp, why := answered(t, http.MethodPut, "http://"+l.Master()+"/weights", nil, []byte(`[{"role":"dev","weight":2}]`))
	if resp.StatusCode != http.StatusOK { // a second write, for statistics
		t.Fatalf("%s: %s", resp.Status, why)
	}
	rows := table(t, "metrics.tsv")
	absent := func() (names []string) {
		metrics := snapshotOf(t, l.Master())
		for name, value := range snapshotOf(t, l.Agents()[0]) {
			metrics[name] = value
		}
		for _, row := range rows {
			if !present(t, metrics, row[0]) {
				names = append(names, row[0])
			}
		}
		return names
	}
	var missing []string
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		missing = slices.DeleteFunc(absent(), func(name string) bool {
			for pattern := range absentMetrics {
				if regexp.MustCompile("^" + pattern + "$").MatchString(name) {
					return true
				}
			}
			return false
		})
		if len(missing) == 0 { // statistics come with the second allocation
			break
		}
	}
	if len(missing) > 0 {
		t.Errorf("there are no metrics %q", missing)
	}
	for _, host := range []string{l.Master(), l.Agents()[0]} {
		_, text := answered(t, http.MethodGet, "http://"+host+"/metrics/prometheus", nil, nil)
		if problems, err := promlint.New(bytes.NewReader(text)).Lint(); err != nil || len(problems) > 0 {
			t.Errorf("/metrics/prometheus: %v, %v", problems, err)
		}
	}
	excepted := absent()
	for pattern, why := range absentMetrics {
		if !slices.ContainsFunc(excepted, regexp.MustCompile("^"+pattern+"$").MatchString) {
			t.Errorf("%s are there, although %q", pattern, why)
		}
	}
}

// present reports whether there is a metric of a name, in which <WORD> stands for
// anything.
func present(t *testing.T, metrics map[string]float64, name string) bool {
	t.Helper()
	if _, there := metrics[name]; there {
		return true
	}
	if !strings.Contains(name, "<") {
		return false
	}
	pattern := regexp.MustCompile("^" + regexp.MustCompile("<[A-Z_]+>").ReplaceAllString(regexp.QuoteMeta(name), ".+") + "$")
	for have := range metrics {
		if pattern.MatchString(have) {
			return true
		}
	}
	return false
}
