package simulate

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/allocator/simulate"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/iostreams"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/output"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
)

// mainReasons is how many reasons for waiting are shown unless all are asked for.
const mainReasons = 3

// show is the result for people.
func show(streams *iostreams.Streams, result *simulate.Result, wide bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d agents with %v; %s of virtual time\n", result.Agents, result.Total, seconds(result.Ended))
	for _, warning := range result.Warnings {
		fmt.Fprintf(&b, "%s %s\n", streams.Paint(iostreams.Bold, "warning:"), warning)
	}
	for i, report := range result.Reports {
		when := "after " + seconds(report.At)
		if i == len(result.Reports)-1 {
			when = "at the end, " + when
		}
		fmt.Fprintf(&b, "\n%s\n", streams.Paint(iostreams.Bold, when))
		if err := moment(&b, report, wide); err != nil {
			return err
		}
	}
	fmt.Fprintf(&b, "\n%s\n", streams.Paint(iostreams.Bold, "over the whole time"))
	if err := summary(&b, result.Frameworks); err != nil {
		return err
	}
	_, err := io.WriteString(streams.Out, b.String())
	return err
}

func moment(w io.Writer, report simulate.Report, wide bool) error {
	rows := [][]string{{"ROLE", "WEIGHT", "GUARANTEE", "LIMIT", "SHARE", "HELD"}}
	for _, role := range report.Roles {
		rows = append(rows, []string{
			role.Role, fmt.Sprint(role.Weight), amounts(role.Guarantees), amounts(role.Limits),
			percent(role.DominantShare), amounts(role.Held),
		})
	}
	if err := output.Columns(w, rows...); err != nil {
		return err
	}
	fmt.Fprintln(w)
	rows = [][]string{{"FRAMEWORK", "ROLE", "RUNNING", "WAITING", "DONE", "SHARE", "HELD"}}
	for _, f := range report.Frameworks {
		rows = append(rows, []string{
			string(f.Framework), f.Role, fmt.Sprint(f.Running), fmt.Sprint(f.Waiting), fmt.Sprint(f.Done),
			percent(f.DominantShare), amounts(f.Held),
		})
	}
	if err := output.Columns(w, rows...); err != nil {
		return err
	}
	for _, f := range report.Frameworks {
		if f.Waiting > 0 {
			waits(w, f, wide)
		}
	}
	return nil
}

// waits says why tasks wait: the reasons that keep most back, or with wide all.
func waits(w io.Writer, f simulate.State, wide bool) {
	fmt.Fprintf(w, "%s waits in role %s with %s:\n", f.Framework, f.Role, mesos.Count(f.Waiting, "task"))
	reasons := slices.Clone(f.Reasons)
	slices.SortStableFunc(reasons, func(x, y allocation.Reason) int { return cmp.Compare(lateness(x.Rule), lateness(y.Rule)) })
	for i, reason := range reasons {
		if i == mainReasons && !wide {
			fmt.Fprintf(w, "  and %s (-o wide)\n", mesos.Count(len(f.Reasons)-i, "more reason"))
			break
		}
		kept := ""
		if reason.Agents > 0 {
			kept = fmt.Sprintf(" (%v of %s)", reason.Resources, mesos.Count(reason.Agents, "agent"))
		}
		fmt.Fprintf(w, "  %s%s: %s\n    -> %s\n", reason.Rule, kept, reason.Sentence, reason.Advice)
	}
	if len(f.Reasons) == 0 {
		fmt.Fprintln(w, "  nothing is kept back: it is offered more with the next allocation")
	}
}

// lateness puts last what is true of every busy cluster, so that what somebody
// set comes first.
func lateness(rule string) int { return slices.Index([]string{"taken", "declined"}, rule) }

func summary(w io.Writer, frameworks []simulate.Summary) error {
	rows := [][]string{{"FRAMEWORK", "ROLE", "LAUNCHED", "DONE", "WAITING", "AVERAGE SHARE", "FIRST WAIT", "MEAN WAIT", "LONGEST WAIT"}}
	for _, f := range frameworks {
		row := []string{
			string(f.Framework), f.Role, fmt.Sprint(f.Launched), fmt.Sprint(f.Done), fmt.Sprint(f.Waiting), percent(f.AverageShare),
			"-", "-", "-",
		}
		if f.Launched > 0 {
			row[6], row[7], row[8] = seconds(f.FirstWait), seconds(f.MeanWait), seconds(f.LongestWait)
		}
		rows = append(rows, row)
	}
	return output.Columns(w, rows...)
}

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(100 * time.Millisecond).String()
}

func percent(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }

// amounts is quantities, or limits, for a cell of a table.
func amounts(of fmt.Stringer) string {
	if text := of.String(); text != "{}" && text != "" {
		return text
	}
	return "-"
}
