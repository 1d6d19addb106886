package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
)

// taskMemory measures what a running command task takes beyond its own processes:
// how much the agent, the supervisor of its containers, and their inits grow.
func taskMemory(ctx context.Context, opts Options) ([]Row, error) {
	var rows []Row
	for _, kind := range kindsOfContainers() {
		if kind.needs != "" {
			continue
		}
		row, err := taskMemoryOf(ctx, opts, kind)
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func taskMemoryOf(ctx context.Context, opts Options, kind kindOfContainer) (Row, error) {
	if err := opts.findBinary(); err != nil {
		return Row{}, err
	}
	tasks, goal := 100, 0.5
	if opts.Tasks > 0 {
		tasks, goal = opts.Tasks, 0
	}
	dir, err := os.MkdirTemp("", "mesosctl-bench-")
	if err != nil {
		return Row{}, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is temporary
	flags, err := kind.prepare(dir)
	if err != nil {
		return Row{}, err
	}
	defer kind.clean(dir)
	cluster, err := startCluster(ctx, opts.Binary, dir, append(flags, roomFor(tasks))...)
	if err != nil {
		return Row{}, err
	}
	defer cluster.stop()
	s, err := kind.launcher(ctx, cluster, "sleep", "1000")
	if err != nil {
		return Row{}, err
	}
	defer s.close()
	agent := cluster.processes[1].Process.Pid
	before, _, err := proportional(agent)
	if err != nil {
		return Row{}, err
	}
	if _, err := s.start(ctx, tasks); err != nil {
		return Row{}, fmt.Errorf("%w\n%s", err, cluster.logs())
	}
	after, own, err := proportional(agent)
	if err != nil {
		return Row{}, err
	}
	each := (after - before) / float64(tasks)
	opts.logf("memory: %s: %.0f kB before, %.0f kB with %d tasks, whose own processes have %.0f kB", kind.name, before, after, tasks, own)
	return Row{
		Name: "memory", Work: "running command task, beyond its own processes",
		Setting: fmt.Sprintf("PSS of agent, supervisor and inits with %d tasks less that without, for each; %s; no checkpoints", tasks, kind.name),
		Value:   each / 1000, Unit: "MB", Goal: goal, Better: "less",
	}, nil
}

// proportional sums the proportional set sizes of an agent and of what it started,
// in kB: what it needs for itself, and what its tasks' commands have.
func proportional(agent int) (overhead, commands float64, err error) {
	for _, pid := range tree(agent) {
		size, ok := pss(pid)
		if !ok {
			continue // it has ended
		}
		line, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		if pid == agent || strings.HasPrefix(string(line), "mesosctl ") {
			overhead += size
		} else {
			commands += size
		}
	}
	if overhead == 0 {
		return 0, 0, mesos.Errorf(mesos.Unsupported, "this kernel does not tell the memory of process %d", agent)
	}
	return overhead, commands, nil
}

// tree is a process and all that it started, in threads of whatever it has.
func tree(pid int) []int {
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", all[i]))
		for _, file := range files {
			text, _ := os.ReadFile(file)
			for _, field := range strings.Fields(string(text)) {
				if child, err := strconv.Atoi(field); err == nil {
					all = append(all, child)
				}
			}
		}
	}
	return all
}

// pss is the proportional set size of a process, in kB.
func pss(pid int) (float64, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, false
	}
	_, rest, ok := strings.Cut(string(text), "\nPss:")
	if !ok {
		return 0, false
	}
	size, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	return size, err == nil
}
