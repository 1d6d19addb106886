package httpapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// A chunk is lines of one family, in Prometheus's text format.
type chunk struct {
	at   int // the family's place in families
	text []byte
}

// prometheus serves /metrics/prometheus, an endpoint of this project's own: the
// metrics of /metrics/snapshot in Prometheus's text format, version 0.0.4. Who may
// see those may see these. Like there, ?timeout=5secs says how long to wait.
func (d *Daemon) prometheus(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodGet, http.MethodHead) {
		return
	}
	ctx, cancel, err := patience(r)
	if err != nil {
		refuse(w, err)
		return
	}
	defer cancel()
	metrics, groups := d.collect(ctx)
	own := chunked(metrics, translate)
	lists := make([][]chunk, 0, len(groups)+1)
	lists = append(lists, own)
	for _, group := range groups {
		lists = append(lists, group.prometheus())
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	out := newPieces(w)
	defer out.release()
	emitFamilies(out.add, lists)
	out.flush()
}

// emitFamilies writes the lines of each family together, as the format asks for.
// lists are each in order of the families.
func emitFamilies(emit func([]byte), lists [][]chunk) {
	var head []byte
	_, families := translations()
	for at, f := range families {
		begun := false
		for i, list := range lists {
			if len(list) == 0 || list[0].at != at {
				continue
			}
			if !begun {
				head = append(head[:0], "# HELP "+f.name+" "+f.help+"\n# TYPE "+f.name+" "+f.kind+"\n"...)
				emit(head)
				begun = true
			}
			emit(list[0].text)
			lists[i] = list[1:]
		}
	}
}

// chunked writes metrics as lines, by family. Metrics that have no translation are
// left out.
func chunked(metrics []Metric, translate func(string) translated) []chunk {
	lines := make(map[int][]byte)
	for _, metric := range metrics {
		t := translate(metric.Name)
		if t.translation == nil || t.family == nil || t.sparse && metric.Value == 0 {
			continue
		}
		line := append(lines[t.at], t.family.name...)
		if t.labels != "" {
			line = append(append(append(line, '{'), t.labels...), '}')
		}
		line = strconv.AppendFloat(append(line, ' '), metric.Value*t.scale, 'g', -1, 64)
		lines[t.at] = append(line, '\n')
	}
	list := make([]chunk, 0, len(lines))
	for at, text := range lines {
		list = append(list, chunk{at, slices.Clip(text)})
	}
	slices.SortFunc(list, func(a, b chunk) int { return a.at - b.at })
	return list
}

// prometheus is the group as lines, by family.
func (g *MetricGroup) prometheus() []chunk {
	if kept := g.chunks.Load(); kept != nil {
		return *kept
	}
	list := chunked(g.sorted(), g.translator())
	g.chunks.Store(&list)
	return list
}

// anyFramework is the prefix of a framework that there is not, and its labels.
const (
	anyFramework       = "master/frameworks/-/-/"
	anyFrameworkLabels = `framework="-",framework_id="-"`
)

// translator translates the names of the group. The frameworks' differ in their
// prefix only: what is behind it is looked up once for all of them.
func (g *MetricGroup) translator() func(string) translated {
	own := translateAnew(g.Prefix + "subscribed")
	if own.translation == nil {
		return translateAnew
	}
	return func(name string) translated {
		t := translate(anyFramework + strings.TrimPrefix(name, g.Prefix))
		t.labels = own.labels + strings.TrimPrefix(t.labels, anyFrameworkLabels)
		return t
	}
}
