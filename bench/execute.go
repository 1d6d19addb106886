package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mesosctl/mesosctl/internal/ports"
	"github.com/mesosctl/mesosctl/mesos"
)

// Execute measures mesosctl execute --command true as a process, from its
// start to its end: against a running cluster, and with none, when it starts
// and stops one of its own.
func Execute(ctx context.Context, opts Options) ([]Row, error) {
	if err := opts.findBinary(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "mesosctl-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is temporary
	alone, err := executeAlone(ctx, opts, dir)
	if err != nil {
		return nil, err
	}
	joined, err := executeJoined(ctx, opts, dir)
	if err != nil {
		return nil, err
	}
	return []Row{joined, alone}, nil
}

// findBinary is this program, if none was named.
func (o *Options) findBinary() (err error) {
	if o.Binary == "" {
		o.Binary, err = os.Executable()
	}
	return err
}

func executeJoined(ctx context.Context, opts Options, dir string) (Row, error) {
	local, err := startCluster(ctx, opts.Binary, dir)
	if err != nil {
		return Row{}, err
	}
	defer local.stop()
	times, err := runMany(ctx, opts, 20, dir, "execute", "--master="+local.master, "--command=true")
	if err != nil {
		return Row{}, fmt.Errorf("%w\n%s", err, local.logs())
	}
	return seconds("execute", "execute --command true, whole process", processSetting("against a running cluster", times),
		median(times), 50*time.Millisecond), nil
}

func executeAlone(ctx context.Context, opts Options, dir string) (Row, error) {
	times, err := runMany(ctx, opts, 7, dir, "execute", "--command=true")
	if err != nil {
		return Row{}, err
	}
	return seconds("execute", "execute --command true, whole process", processSetting("no cluster: one is started and stopped", times),
		median(times), 600*time.Millisecond), nil
}

func processSetting(where string, times []time.Duration) string {
	return fmt.Sprintf("%s, median of %d", where, len(times))
}

// runMany runs the binary once to warm up and then as often as asked.
func runMany(ctx context.Context, opts Options, usual int, dir string, args ...string) ([]time.Duration, error) {
	if opts.Repeat > 0 {
		usual = opts.Repeat
	}
	var times []time.Duration
	for i := range usual + 1 {
		var output bytes.Buffer
		cmd := exec.CommandContext(ctx, opts.Binary, args...)
		cmd.Env = environment(dir)
		cmd.Dir = dir
		cmd.Stdout, cmd.Stderr = &output, &output
		start := time.Now()
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, output.String())
		}
		if i > 0 {
			times = append(times, time.Since(start))
		}
	}
	opts.logf("%s: %v", strings.Join(args, " "), times)
	return times, nil
}

// environment is this process's without anything that would name a cluster.
func environment(dir string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "MESOS_") || strings.HasPrefix(v, "MESOSCTL_")
	})
	return append(env, "HOME="+dir, "XDG_CONFIG_HOME="+filepath.Join(dir, "config"))
}

// localCluster is a master and an agent as processes, on loopback.
type localCluster struct {
	dir       string
	master    string // host:port
	processes []*exec.Cmd
}

// startCluster starts a cluster; flags are more of the agent's.
func startCluster(ctx context.Context, binary, dir string, flags ...string) (*localCluster, error) {
	addresses, err := freeAddresses(2)
	if err != nil {
		return nil, err
	}
	c := &localCluster{dir: dir, master: addresses[0]}
	for i, role := range []string{"master", "agent"} {
		host, port, _ := net.SplitHostPort(addresses[i])
		args := []string{role, "--ip=" + host, "--port=" + port, "--work_dir=" + filepath.Join(dir, role)}
		if role == "agent" {
			args = append(append(args, "--master="+c.master), flags...)
		}
		if err := c.start(binary, role, args); err != nil {
			c.stop()
			return nil, err
		}
	}
	if err := c.waitForAgent(ctx, 30*time.Second); err != nil {
		logs := c.logs()
		c.stop()
		return nil, fmt.Errorf("%w\n%s", err, logs)
	}
	return c, nil
}

func (c *localCluster) start(binary, role string, args []string) error {
	log, err := os.Create(filepath.Join(c.dir, role+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(binary, args...)
	cmd.Env = environment(c.dir)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	c.processes = append(c.processes, cmd)
	return nil
}

// stop ends the processes, agent first, and waits until they are gone.
func (c *localCluster) stop() {
	for _, cmd := range slices.Backward(c.processes) {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		kill.Stop()
	}
}

// logs is what the processes said last.
func (c *localCluster) logs() string {
	var b strings.Builder
	for _, role := range []string{"master", "agent"} {
		text, _ := os.ReadFile(filepath.Join(c.dir, role+".log"))
		fmt.Fprintf(&b, "%s said: %s\n", role, text[max(0, len(text)-2000):])
	}
	return b.String()
}

// waitForAgent asks the master until an agent is registered.
func (c *localCluster) waitForAgent(ctx context.Context, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for {
		if c.agents(ctx) > 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return mesos.Errorf(mesos.TimedOut, "the agent did not register with %s within %v", c.master, timeout)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// agents is how many agents are registered, 0 if the master can't say.
func (c *localCluster) agents(ctx context.Context) int {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.master+"/slaves", nil)
	if err != nil {
		return 0
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	var page struct {
		Slaves []struct {
			Active bool `json:"active"`
		} `json:"slaves"`
	}
	if json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&page) != nil {
		return 0
	}
	return len(page.Slaves)
}

// freeAddresses is n loopback addresses that nobody listened on a moment ago.
func freeAddresses(n int) ([]string, error) {
	free, err := ports.Free("127.0.0.1", n)
	if err != nil {
		return nil, err
	}
	var addresses []string
	for _, port := range free {
		addresses = append(addresses, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	}
	return addresses, nil
}
