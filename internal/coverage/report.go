package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// count is how many behaviours are shown, not applicable, and in all.
type count struct{ shown, not, all int }

func (c count) row(name string) string {
	return fmt.Sprintf("| %s | %d | %d | %d | %d |\n", name, c.all, c.shown, c.not, c.all-c.shown-c.not)
}

// report is docs/COVERAGE.md.
func report(behaviours []behaviour, reasons map[string]string, claims []claim) []byte {
	places := map[string][]string{}
	for _, c := range claims {
		place := c.file
		if c.test != "" {
			place += ":" + c.test
		}
		if !slices.Contains(places[c.name], place) {
			places[c.name] = append(places[c.name], place)
		}
	}
	var files []string
	tables := map[string]*bytes.Buffer{}
	counts := map[string]*count{}
	var total count
	for _, b := range behaviours {
		if tables[b.file] == nil {
			files = append(files, b.file)
			tables[b.file], counts[b.file] = &bytes.Buffer{}, &count{}
		}
		shown := places[b.name]
		slices.Sort(shown)
		where := "not yet"
		if len(shown) > 0 {
			where = "`" + strings.Join(shown, "`, `") + "`"
			counts[b.file].shown++
			total.shown++
		} else if reason, ok := reasons[b.name]; ok {
			where = "not applicable: " + reason
			counts[b.file].not++
			total.not++
		}
		counts[b.file].all++
		total.all++
		fmt.Fprintf(tables[b.file], "| %s | %s |\n", b.name, where)
	}

	var out bytes.Buffer
	out.WriteString(heading)
	for _, file := range files {
		out.WriteString(counts[file].row("[" + file + "](#" + anchor(file) + ")"))
	}
	out.WriteString(total.row("**all**"))
	for _, file := range files {
		fmt.Fprintf(&out, "\n## %s\n\n| behaviour | shown by |\n|---|---|\n%s", file, tables[file])
	}
	return out.Bytes()
}

const heading = `<!-- Written by "go run ./internal/coverage"; do not edit. -->

# Coverage of Mesos's behaviours

Apache Mesos's own tests are the list of what it does. Each row is one of them, with the test here that fails if
that behaviour breaks, or the reason why it does not apply.

| file of Mesos's tests | behaviours | shown | not applicable | not yet |
|---|--:|--:|--:|--:|
`

// anchor is the fragment that Markdown gives a heading.
func anchor(title string) string {
	return strings.ReplaceAll(strings.ToLower(title), ".", "")
}
