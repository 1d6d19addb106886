package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// scrape reads what Prometheus would read, with its own parser and its linter.
func scrape(t *testing.T, h http.Handler) map[string]*dto.MetricFamily {
	t.Helper()
	answer := ask(h, "GET", "/metrics/prometheus")
	if answer.Code != http.StatusOK || answer.Header().Get("Content-Type") != "text/plain; version=0.0.4; charset=utf-8" {
		t.Fatalf("%d, %v", answer.Code, answer.Header())
	}
	text := answer.Body.String()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
	return families
}

// value is that of the metric of a family with some labels, as in `a="b",c="d"`.
func value(t *testing.T, families map[string]*dto.MetricFamily, name, labels string) float64 {
	t.Helper()
	for _, metric := range families[name].GetMetric() {
		var has []string
		for _, pair := range metric.GetLabel() {
			has = append(has, fmt.Sprintf("%s=%q", pair.GetName(), pair.GetValue()))
		}
		if strings.Join(has, ",") == labels {
			return metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
		}
	}
	t.Errorf("there is no %s{%s}", name, labels)
	return 0
}

func TestPrometheusReadsTheMetrics(t *testing.T) {
	config, _ := leader()
	config.Metrics = nil
	calls := 0
	config.MetricGroups = nil
	d := &config.Daemon
	d.Metrics = metricsOf(
		Metric{"master/cpus_total", 8}, Metric{"master/mem_revocable_used", 512},
		Metric{"master/tasks_running", 7}, Metric{"master/tasks_finished", 4e10}, Metric{"master/tasks_lost", 0},
		Metric{"master/task_lost/source_slave/reason_executor_terminated", 2},
		Metric{"registrar/state_store_ms", 1500}, Metric{"registrar/state_store_ms/p99", 20}, Metric{"registrar/state_store_ms/count", 3},
		Metric{"allocator/mesos/quota/roles/eng/web/resources/cpus/limit", 6},
		Metric{`frameworks/a"b\c/messages_received`, 5},
		Metric{"master/operations/reserve/finished", 3}, Metric{"master/operations/finished", 3},
		Metric{"what/nobody/knows", 1},
	)
	group := &MetricGroup{Prefix: "master/frameworks/my%20jobs/F-1/", Metrics: func() []Metric {
		calls++
		return []Metric{
			{"master/frameworks/my%20jobs/F-1/subscribed", 1},
			{"master/frameworks/my%20jobs/F-1/calls", 3},
			{"master/frameworks/my%20jobs/F-1/calls/accept", 3},
			{"master/frameworks/my%20jobs/F-1/calls/decline", 0},
			{"master/frameworks/my%20jobs/F-1/roles/eng/web/suppressed", 0},
		}
	}}
	other := &MetricGroup{Prefix: "master/frameworks/x/F-2/", Metrics: func() []Metric {
		return []Metric{{"master/frameworks/x/F-2/subscribed", 0}, {"master/frameworks/x/F-2/calls/accept", 1}}
	}}
	d.MetricGroups = groupsOf(group, other)
	h := NewMaster(config)
	families := scrape(t, h)
	for _, want := range []struct {
		name, labels string
		value        float64
		kind         dto.MetricType
	}{
		{"mesos_master_resources", `revocable="false",resource="cpus"`, 8, dto.MetricType_GAUGE},
		{"mesos_master_resources_used", `revocable="true",resource="mem"`, 512, dto.MetricType_GAUGE},
		{"mesos_master_tasks", `state="running"`, 7, dto.MetricType_GAUGE},
		{"mesos_master_tasks_ended_total", `state="finished"`, 4e10, dto.MetricType_COUNTER},
		{"mesos_master_tasks_ended_total", `state="lost"`, 0, dto.MetricType_COUNTER},
		{"mesos_master_task_ends_total", `state="lost",source="slave",reason="executor_terminated"`, 2, dto.MetricType_COUNTER},
		{"mesos_registrar_store_seconds", `stat="latest"`, 1.5, dto.MetricType_GAUGE},
		{"mesos_registrar_store_seconds", `stat="p99"`, 0.02, dto.MetricType_GAUGE},
		{"mesos_registrar_store_samples", ``, 3, dto.MetricType_GAUGE},
		{"mesos_allocator_quota", `role="eng/web",resource="cpus",kind="limit"`, 6, dto.MetricType_GAUGE},
		{"mesos_master_principal_messages_total", `principal="a\"b\\c",step="received"`, 5, dto.MetricType_COUNTER},
		{"mesos_master_operations_ended_total", `type="reserve",state="finished"`, 3, dto.MetricType_COUNTER},
		{"mesos_framework_subscribed", `framework="my jobs",framework_id="F-1"`, 1, dto.MetricType_GAUGE},
		{"mesos_framework_subscribed", `framework="x",framework_id="F-2"`, 0, dto.MetricType_GAUGE},
		{"mesos_framework_calls_total", `framework="my jobs",framework_id="F-1",call="accept"`, 3, dto.MetricType_COUNTER},
		{"mesos_framework_calls_total", `framework="x",framework_id="F-2",call="accept"`, 1, dto.MetricType_COUNTER},
		{"mesos_framework_suppressed", `framework="my jobs",framework_id="F-1",role="eng/web"`, 0, dto.MetricType_GAUGE},
	} {
		if got := value(t, families, want.name, want.labels); got != want.value || families[want.name].GetType() != want.kind {
			t.Errorf("%s{%s} is %v, a %v", want.name, want.labels, got, families[want.name].GetType())
		}
	}
	if n := len(families["mesos_framework_calls_total"].GetMetric()); n != 2 {
		t.Errorf("calls that were never made are shown: %v", families["mesos_framework_calls_total"])
	}
	for name := range families {
		if strings.Contains(name, "nobody") {
			t.Errorf("a metric without a type is shown: %s", name)
		}
	}
	if scrape(t, h); calls != 1 {
		t.Errorf("a group that does not change was written %d times", calls)
	}
}

func TestPrometheusWithoutMetrics(t *testing.T) {
	config, _ := leader()
	config.Metrics, config.MetricGroups = nil, nil
	h := NewMaster(config)
	if families := scrape(t, h); len(families) != 0 {
		t.Errorf("there are %v", families)
	}
	if answer := ask(h, "GET", "/metrics/prometheus?timeout=soon"); answer.Code != http.StatusBadRequest {
		t.Errorf("a timeout that is none: %d", answer.Code)
	}
	if answer := ask(h, "POST", "/metrics/prometheus"); answer.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", answer.Code)
	}
}

func TestEveryFamilyIsDescribed(t *testing.T) {
	list, families := translations()
	for i := range list {
		if tr := &list[i]; tr.prefix == "" {
			t.Errorf("%s begins with a label", tr.pattern)
		}
	}
	for _, f := range families {
		if f.help == "" || f.kind != "gauge" && f.kind != "counter" || (f.kind == "counter") != strings.HasSuffix(f.name, "_total") {
			t.Errorf("%+v", f)
		}
	}
}

// BenchmarkPrometheus is a scrape of a master with 10,000 frameworks, of which a
// few have changed.
func BenchmarkPrometheus(b *testing.B) {
	groups := make([]*MetricGroup, 10_000)
	renew := func(i int) {
		prefix := fmt.Sprintf("master/frameworks/jobs/F-%04d/", i)
		groups[i] = &MetricGroup{Prefix: prefix, Metrics: func() []Metric {
			list := []Metric{{prefix + "subscribed", 1}}
			for j := range 60 {
				list = append(list, Metric{fmt.Sprintf("%scalls/call_%d", prefix, j), float64(j % 3)})
			}
			return list
		}}
	}
	for i := range groups {
		renew(i)
	}
	config, _ := leader()
	config.MetricGroups = groupsOf(groups...)
	h := NewMaster(config)
	began := time.Now()
	ask(h, "GET", "/metrics/prometheus")
	b.ReportMetric(float64(time.Since(began).Milliseconds()), "ms/first")
	for b.Loop() {
		for i := range 100 {
			renew(i)
		}
		h.ServeHTTP(discarded{}, httptest.NewRequest(http.MethodGet, "/metrics/prometheus", nil))
	}
}

// discarded is an answer that nobody reads.
type discarded struct{}

func (discarded) Header() http.Header         { return make(http.Header) }
func (discarded) Write(b []byte) (int, error) { return len(b), nil }
func (discarded) WriteHeader(int)             {}

func metricsOf(list ...Metric) func(context.Context) []Metric {
	return func(context.Context) []Metric { return slices.Clone(list) }
}

func groupsOf(list ...*MetricGroup) func(context.Context) []*MetricGroup {
	return func(context.Context) []*MetricGroup { return slices.Clone(list) }
}

// otherTypes are metrics whose type here is not what Mesos's documentation says.
var otherTypes = map[string]string{
	"master/operations/<OPERATION_STATE>":                  "each of its rows is both",
	"master/operations/<OPERATION_TYPE>/<OPERATION_STATE>": "a gauge while it can still change, a counter once it can't",
}

func TestEveryMetricOfMesosHasItsType(t *testing.T) {
	table, err := os.ReadFile("../docs/metrics.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		row := strings.Split(line, "\t")
		if strings.HasPrefix(row[0], "resource_providers/") || strings.HasPrefix(row[0], "containerizer/docker/") {
			continue // there are none yet
		}
		tr := translate(strings.NewReplacer("<", "", ">", "").Replace(row[0]))
		switch {
		case tr.translation == nil:
			t.Errorf("%s is unknown", row[0])
		case tr.family == nil || otherTypes[row[0]] != "":
		case tr.family.kind != strings.ToLower(row[1]):
			t.Errorf("%s is a %s, not a %s", row[0], row[1], tr.family.kind)
		}
	}
}
