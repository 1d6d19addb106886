package kinds

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// Report writes for people why a framework is or isn't offered resources. Bold makes
// headings of words; wide tells more.
func Report(w io.Writer, r *allocation.Report, bold func(string) string, wide bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s (%s), %s\n", bold("framework"), r.Name, r.Framework, connection(r))
	for _, reason := range r.Reasons {
		advise(&b, reason)
	}
	for _, e := range r.Roles {
		fmt.Fprintf(&b, "\n%s %s: %s\n", bold("role"), e.Role, verdict(r, e))
		if err := explanation(&b, e, wide); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func connection(r *allocation.Report) string {
	text := "connected"
	if !r.Connected {
		text = "not connected"
	} else if !r.Active {
		text = "connected, not active"
	}
	return text
}

// verdict is the answer in one sentence.
func verdict(r *allocation.Report, e allocation.Explanation) string {
	of := fmt.Sprintf("%d agents", e.Agents)
	if e.Agents == 1 {
		of = "the one agent"
	}
	switch {
	case r.Agents == 0 || e.Agents == 0:
		return "no offer, because there is no agent"
	case e.Offerable.Agents == e.Agents:
		return fmt.Sprintf("an offer of %s comes with the next allocation", of)
	case e.Offerable.Agents > 0:
		return fmt.Sprintf("an offer of %d of %s comes with the next allocation", e.Offerable.Agents, of)
	case len(e.Reasons) == 0 && e.Held.Agents > 0:
		return "no further offer, because it holds all there is of " + of
	case len(e.Reasons) == 0:
		return "no offer, because nothing is free of " + of
	case e.Held.Agents > 0:
		return "no further offer of " + of + ", for these reasons"
	}
	return "no offer of " + of + ", for these reasons"
}

// reported are the resources that have a column.
var reported = []string{"cpus", "mem", "disk", "gpus"}

// explanation is a table of amounts, then a sentence for each rule.
func explanation(w io.Writer, e allocation.Explanation, wide bool) error {
	head := []string{"  ", "AGENTS", "CPUS", "MEM", "DISK", "GPUS"}
	if wide {
		head = append(head, "OTHER", "EXAMPLE")
	}
	rows := [][]string{head, amountRow("  it holds", e.Held, "", wide), amountRow("  next offer", e.Offerable, "", wide)}
	for _, reason := range e.Reasons {
		rows = append(rows, amountRow("  kept back: "+reason.Rule, reason.Amount, string(reason.Example), wide))
	}
	if err := aligned(w, rows); err != nil {
		return err
	}
	for _, reason := range e.Reasons {
		advise(w, reason)
	}
	return nil
}

func amountRow(name string, a allocation.Amount, example string, wide bool) []string {
	row := []string{name, fmt.Sprint(a.Agents)}
	for _, column := range reported {
		row = append(row, number(a.Resources.Get(column)))
	}
	if wide {
		row = append(row, others(a.Resources), Dash(example))
	}
	return row
}

// number leaves out what there is none of, so that the eye finds what there is.
func number(s resources.Scalar) string {
	if s == 0 {
		return "-"
	}
	return s.String()
}

// others are the resources that have no column.
func others(q resources.Quantities) string {
	var list []string
	for name, value := range q.All() {
		if !slices.Contains(reported, name) {
			list = append(list, name+":"+value.String())
		}
	}
	return Dash(strings.Join(list, ";"))
}

// advise tells of a rule why, and what can be done.
func advise(w io.Writer, r allocation.Reason) {
	fmt.Fprintf(w, "  %s: %s\n", r.Rule, r.Sentence)
	if r.Advice != "" {
		fmt.Fprintf(w, "    -> %s\n", r.Advice)
	}
}

// aligned writes rows in columns.
func aligned(w io.Writer, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if _, err := io.WriteString(t, strings.Join(row, "\t")+"\n"); err != nil {
			return err
		}
	}
	return t.Flush()
}
