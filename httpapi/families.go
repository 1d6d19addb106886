package httpapi

import (
	_ "embed" // translationTable
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// A family is the metrics of one name in Prometheus's sense.
type family struct {
	name, help, kind string // kind is counter or gauge
}

// A translation says which family the metrics of some names are of, and which
// parts of the names are labels.
type translation struct {
	prefix  string // what the names begin with
	pattern *regexp.Regexp
	labels  []string // of the pattern's groups
	family  *family  // nil: the metric can be reckoned from others, and is left out
	at      int      // the family's place in families
	fixed   string   // labels that are always the same, as they are written
	encoded []bool   // of labels: the value is percent-encoded in the name
	scale   float64
	sparse  bool // zeros are left out
}

// translationTable has a row for every metric: a pattern, in which <label> is a part
// of the name that becomes a label's value (<label/> may have slashes in it,
// <label%> is percent-encoded, <label=a|b> is one of these), the name and fixed
// labels of the family or "-", its type, and its help. After the type may come
// "milliseconds", the unit if it is not the family's, and "sparse" if zeros are
// left out.
//
//go:embed prometheus.tsv
var translationTable string

// translations returns those of translationTable; the first that fits counts. The
// families are in the order in which the table has them. It is read when somebody
// asks for metrics: most processes of this program end without.
var translations = sync.OnceValues(func() ([]translation, []*family) { return readTranslations(translationTable) })

func readTranslations(table string) (list []translation, families []*family) {
	placeholder := regexp.MustCompile(`<([a-z_]+)([/%]?)(?:=([a-z|]+))?>`)
	places := make(map[string]int)
	header := true
	for line := range strings.Lines(table) {
		if header {
			header = false
			continue
		}
		row := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		t := readPattern(placeholder, row[0])
		name, fixed, _ := strings.Cut(strings.TrimSuffix(row[1], "}"), "{")
		kind, options, _ := strings.Cut(row[2], ",")
		t.fixed, t.scale, t.sparse = fixed, 1, options == "sparse"
		if options == "milliseconds" {
			t.scale = 1e-3
		}
		if name != "-" {
			place, known := places[name]
			if !known {
				place = len(families)
				places[name] = place
				families = append(families, &family{name: name, help: row[3], kind: kind})
			}
			t.family, t.at = families[place], place
		}
		list = append(list, t)
	}
	return list, families
}

// readPattern makes a regular expression of a pattern with placeholders.
func readPattern(placeholder *regexp.Regexp, pattern string) (t translation) {
	t.prefix, _, _ = strings.Cut(pattern, "<")
	var expression strings.Builder
	rest := pattern
	for {
		at := placeholder.FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		group := "[^/]+"
		switch {
		case at[6] >= 0:
			group = rest[at[6]:at[7]]
		case rest[at[4]:at[5]] == "/":
			group = ".+"
		}
		t.encoded = append(t.encoded, rest[at[4]:at[5]] == "%")
		expression.WriteString(regexp.QuoteMeta(rest[:at[0]]) + "(" + group + ")")
		t.labels = append(t.labels, rest[at[2]:at[3]])
		rest = rest[at[1]:]
	}
	t.pattern = regexp.MustCompile("^" + expression.String() + regexp.QuoteMeta(rest) + "$")
	return t
}

// translated is what a metric is called for Prometheus: its family, and its labels
// as they are written.
type translated struct {
	*translation
	labels string
}

// known keeps translations: the names of a daemon's metrics stay mostly the same.
var known struct {
	sync.Mutex
	names map[string]translated
}

// maxKnown bounds what is kept: there are names with roles and principals in them.
const maxKnown = 10_000

// translate finds the translation of a metric; its translation is nil if there is
// none.
func translate(name string) translated {
	known.Lock()
	defer known.Unlock()
	if t, is := known.names[name]; is {
		return t
	}
	if known.names == nil || len(known.names) >= maxKnown {
		known.names = make(map[string]translated)
	}
	t := translateAnew(name)
	known.names[name] = t
	return t
}

func translateAnew(name string) translated {
	list, _ := translations()
	for i := range list {
		t := &list[i]
		if !strings.HasPrefix(name, t.prefix) {
			continue
		}
		values := t.pattern.FindStringSubmatch(name)
		if values == nil {
			continue
		}
		labels := t.fixed
		for j, label := range t.labels {
			if labels != "" {
				labels += ","
			}
			value := values[j+1]
			if decoded, err := url.PathUnescape(value); t.encoded[j] && err == nil {
				value = decoded
			}
			labels += label + `="` + labelEscapes.Replace(value) + `"`
		}
		return translated{t, labels}
	}
	return translated{}
}

// labelEscapes is for the values of labels in the text format.
var labelEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
