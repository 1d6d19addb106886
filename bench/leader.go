package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/mesosctl/mesosctl/link"
	"github.com/mesosctl/mesosctl/mesos"
)

// Leader measures how long a cluster of three masters, as processes on this
// machine, is without a leader: from the signal that ends the leading one until
// another accepts a scheduler's SUBSCRIBE. The masters have the ticks and the
// lease that are the default across a network.
func Leader(ctx context.Context, opts Options) ([]Row, error) {
	if err := opts.findBinary(); err != nil {
		return nil, err
	}
	var rows []Row
	for _, ended := range []struct {
		signal  syscall.Signal
		name    string
		goal    time.Duration
		repeats int
	}{
		{syscall.SIGKILL, "SIGKILL", 1500 * time.Millisecond, 7},
		{syscall.SIGTERM, "SIGTERM", 200 * time.Millisecond, 7},
	} {
		times, err := leaderChanges(ctx, opts, ended.signal, ended.repeats)
		if err != nil {
			return rows, fmt.Errorf("%s: %w", ended.name, err)
		}
		worst := slices.Max(times)
		rows = append(rows, seconds("leader", ended.name+" of the leader until the next accepts SUBSCRIBE",
			fmt.Sprintf("three masters on one machine, ticks 100/1000 ms, lease 5 s; median of %d, worst %v", len(times), worst.Round(time.Millisecond)),
			median(times), ended.goal))
	}
	return rows, nil
}

// leaderChanges ends the leader again and again, each time of a whole cluster.
func leaderChanges(ctx context.Context, opts Options, signal syscall.Signal, usual int) ([]time.Duration, error) {
	if opts.Repeat > 0 {
		usual = opts.Repeat
	}
	dir, err := os.MkdirTemp("", "mesosctl-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is temporary
	c, err := startMasters(opts.Binary, dir)
	if err != nil {
		return nil, err
	}
	defer c.stop()
	var times []time.Duration
	for range usual + 1 {
		took, err := c.changeLeader(ctx, signal)
		if err != nil {
			return nil, fmt.Errorf("%w\n%s", err, c.logs())
		}
		times = append(times, took)
	}
	opts.logf("%v: %v", signal, times)
	return times[1:], nil
}

// masters is three masters as processes, on loopback.
type masters struct {
	binary    string
	dir       string
	addresses []string // host:port/peer_port
	processes []*exec.Cmd
}

func startMasters(binary, dir string) (*masters, error) {
	free, err := freeAddresses(6)
	if err != nil {
		return nil, err
	}
	c := &masters{binary: binary, dir: dir, processes: make([]*exec.Cmd, 3)}
	for i := range c.processes {
		_, peer, _ := strings.Cut(free[3+i], ":")
		c.addresses = append(c.addresses, free[i]+"/"+peer)
	}
	for i := range c.processes {
		if err := c.start(i); err != nil {
			c.stop()
			return nil, err
		}
	}
	return c, nil
}

func (c *masters) start(i int) error {
	log, err := os.Create(filepath.Join(c.dir, fmt.Sprintf("master-%d.log", i)))
	if err != nil {
		return err
	}
	defer log.Close() // the process has its own
	_, port, _ := strings.Cut(c.host(i), ":")
	cmd := exec.Command(c.binary, "master", "--port="+port, "--masters="+strings.Join(c.addresses, ","),
		"--work_dir="+filepath.Join(c.dir, fmt.Sprintf("master-%d", i)))
	cmd.Env = environment(c.dir)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	c.processes[i] = cmd
	return nil
}

func (c *masters) host(i int) string {
	host, _, _ := strings.Cut(c.addresses[i], "/")
	return host
}

func (c *masters) stop() {
	for _, cmd := range c.processes {
		if cmd != nil && cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}
}

func (c *masters) logs() string {
	var b strings.Builder
	for i := range c.processes {
		text, _ := os.ReadFile(filepath.Join(c.dir, fmt.Sprintf("master-%d.log", i)))
		fmt.Fprintf(&b, "master %d said: %s\n", i, text[max(0, len(text)-2000):])
	}
	return b.String()
}

const (
	settleTime     = 3 * time.Second      // that a cluster is left alone between two changes
	changePatience = 30 * time.Second     // after which a leader is missed
	subscribePause = 2 * time.Millisecond // between attempts to subscribe
)

// changeLeader ends the leader, measures until another serves, and starts the
// one that ended again.
func (c *masters) changeLeader(ctx context.Context, signal syscall.Signal) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, settleTime+2*changePatience)
	defer cancel()
	if err := c.settle(ctx); err != nil {
		return 0, err
	}
	leader, err := c.leader(ctx)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := c.processes[leader].Process.Signal(signal); err != nil {
		return 0, err
	}
	took, err := c.untilServed(ctx, leader, began)
	if err != nil {
		return 0, err
	}
	_ = c.processes[leader].Wait() // it was told to end
	return took, c.start(leader)
}

// settle waits until all three masters agree about who leads, and some time more.
func (c *masters) settle(ctx context.Context) error {
	for {
		agreed := 0
		var first string
		for i := range c.processes {
			news, err := link.Ask(ctx, c.host(i))
			if err != nil || news.Leader == "" || agreed > 0 && news.Leader != first {
				break
			}
			first = news.Leader
			agreed++
		}
		if agreed == len(c.processes) {
			return sleepFor(ctx, settleTime)
		}
		if err := sleepFor(ctx, 20*time.Millisecond); err != nil {
			return mesos.Errorf(mesos.TimedOut, "the three masters did not find a leader: %w", err)
		}
	}
}

// leader is which of the masters leads.
func (c *masters) leader(ctx context.Context) (int, error) {
	for i := range c.processes {
		if news, err := link.Ask(ctx, c.host(i)); err == nil && news.Leading {
			return i, nil
		}
	}
	return 0, mesos.Errorf(mesos.Unavailable, "no master leads")
}

// untilServed subscribes at the masters that are left, each in turn, until one accepts.
func (c *masters) untilServed(ctx context.Context, without int, began time.Time) (time.Duration, error) {
	client := &http.Client{
		Timeout:       2 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	for {
		for i := range c.processes {
			if i != without && subscribes(ctx, client, c.host(i)) {
				return time.Since(began), nil
			}
		}
		if err := sleepFor(ctx, subscribePause); err != nil {
			return 0, mesos.Errorf(mesos.TimedOut, "no master took over: %w", err)
		}
	}
}

const subscribeCall = `{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"root","name":"bench","roles":["*"],` +
	`"capabilities":[{"type":"MULTI_ROLE"}]}}}`

func subscribes(ctx context.Context, client *http.Client, host string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+host+"/api/v1/scheduler", bytes.NewReader([]byte(subscribeCall)))
	if err != nil {
		return false
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 4<<10))
		return false
	}
	return true
}

func sleepFor(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
