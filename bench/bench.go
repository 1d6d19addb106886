// Package bench measures mesosctl and prints the figures as rows: what was
// done, in which setting, what it took, and the goal set for it. Figures are
// medians after a warm-up. They are never assertions: machines are noisy.
package bench

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime/pprof"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

// Row is one figure.
type Row struct {
	Name    string  `json:"name"`    // of the benchmark
	Work    string  `json:"work"`    // what was done
	Setting string  `json:"setting"` // on what, how often, in which way
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
	Goal    float64 `json:"goal"`   // in the same unit; 0 if none is set
	Better  string  `json:"better"` // "less" or "more"
}

// Options say what to measure. The zero value is the work that the goals are
// set for.
type Options struct {
	Agents     int
	Frameworks int
	Tasks      int // all of them for launch, of each agent for failover
	// Shapes is what works of Shapes to measure; empty means all.
	Shapes []string
	// Repeat is how often to measure; 0 means what suits the benchmark.
	Repeat int
	// Binary is the mesosctl to run as a process; "" means this one.
	Binary string
	// CPUProfile is a file to write a CPU profile of the whole to, if not "".
	CPUProfile string
	// Log is told how far the work has come, if not nil.
	Log io.Writer
}

func (o Options) logf(format string, args ...any) {
	if o.Log != nil {
		fmt.Fprintf(o.Log, format+"\n", args...)
	}
}

// benchmarks is every benchmark by name.
var benchmarks = map[string]func(context.Context, Options) ([]Row, error){
	"allocator":  Allocator,
	"containers": Containers,
	"execute":    Execute,
	"leader":     Leader,
	"failover":   Failover,
	"launch":     Launch,
	"memory":     Memory,
	"state":      State,
	"tui":        TUI,
}

// Names is the names of the benchmarks, sorted.
func Names() []string { return slices.Sorted(maps.Keys(benchmarks)) }

// Run runs the benchmark of that name. It stops early, with what it has
// measured so far, if ctx ends.
func Run(ctx context.Context, name string, opts Options) (rows []Row, err error) {
	run, ok := benchmarks[name]
	if !ok {
		return nil, mesos.Errorf(mesos.NotFound, "bench: there is no benchmark %q; there are %s", name, strings.Join(Names(), ", "))
	}
	if opts.CPUProfile != "" {
		stop, err := profile(opts.CPUProfile)
		if err != nil {
			return nil, err
		}
		defer func() {
			if stopErr := stop(); err == nil {
				err = stopErr
			}
		}()
	}
	start := time.Now()
	rows, err = run(ctx, opts)
	if err != nil {
		return rows, fmt.Errorf("bench: %s: %w", name, err)
	}
	opts.logf("%s: %d figures in %v", name, len(rows), time.Since(start).Round(10*time.Millisecond))
	return rows, nil
}

// profile writes a CPU profile to a file until it is stopped.
func profile(path string) (stop func() error, err error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("bench: CPU profile: %w", err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, fmt.Errorf("bench: CPU profile: %w", err)
	}
	return func() error {
		pprof.StopCPUProfile()
		return file.Close()
	}, nil
}

// Table writes rows for people.
func Table(w io.Writer, rows []Row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "WORK\tSETTING\tVALUE\tGOAL\t")
	for _, r := range rows {
		goal := "-"
		if r.Goal != 0 {
			goal = amount(r.Goal, r.Unit)
			if r.Better == "less" && r.Value > r.Goal || r.Better == "more" && r.Value < r.Goal {
				goal += " (missed)"
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t\n", r.Work, r.Setting, amount(r.Value, r.Unit), goal)
	}
	return t.Flush()
}

// amount is a figure with its unit, in three or four digits.
func amount(value float64, unit string) string {
	if unit == "s" && value < 1 {
		value, unit = value*1000, "ms"
	}
	if unit == "ms" && value < 0.1 {
		value, unit = value*1000, "us"
	}
	return fmt.Sprintf("%.4g %s", value, unit)
}

// median is the middle one of durations, which it sorts.
func median(times []time.Duration) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[len(times)/2]
}

// seconds makes a row of a time that should be short.
func seconds(name, work, setting string, value, goal time.Duration) Row {
	return Row{Name: name, Work: work, Setting: setting, Value: value.Seconds(), Unit: "s", Goal: goal.Seconds(), Better: "less"}
}
