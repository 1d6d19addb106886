//go:build linux

package fire

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is a daemon that is started, killed and started again.
type process struct {
	t     *testing.T
	name  string
	place place
	args  []string
	log   string
	cmd   *exec.Cmd
	done  chan struct{}
}

// build makes the binary, unless MESOSCTL names one.
func build(t *testing.T) string {
	if binary := os.Getenv("MESOSCTL"); binary != "" {
		return binary
	}
	binary := filepath.Join(t.TempDir(), "mesosctl")
	run(t, "go", "build", "-o", binary, "github.com/mesosctl/mesosctl/cmd/mesosctl")
	return binary
}

func (p *process) start() {
	p.t.Helper()
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		p.t.Fatal(err)
	}
	defer out.Close()
	cmd := p.place.command(p.args[0], p.args[1:]...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
	done := make(chan struct{})
	go func() {
		cmd.Wait()
		close(done)
	}()
	p.cmd, p.done = cmd, done
}

func (p *process) signal(s syscall.Signal) {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Errorf("%s: %v: %v", p.name, s, err)
	}
}

// kill ends the process at once and waits until it is gone.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.done
}

// tail is the last of what the process said.
func (p *process) tail() string {
	data, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-25):], "\n")
}

// cluster is three masters and five agents.
type cluster struct {
	t       *testing.T
	dir     string
	masters []*process
	agents  []*process
	hosts   []string // of the masters
	canCut  bool
}

const (
	masterPort = 5050
	agentCPUs  = 4
)

func newCluster(t *testing.T) *cluster {
	binary := build(t)
	far, near, canCut := places(t, 3)
	c := &cluster{t: t, dir: t.TempDir(), canCut: canCut}
	var all []string
	for i, p := range far {
		port := masterPort
		if !canCut {
			port = 17050 + os.Getpid()%500*10 + i
		}
		c.hosts = append(c.hosts, fmt.Sprintf("%s:%d", p.ip, port))
		all = append(all, fmt.Sprintf("%s:%d/%d", p.ip, port, port+3000))
	}
	for i, p := range far {
		_, port, _ := strings.Cut(c.hosts[i], ":")
		c.masters = append(c.masters, c.process(fmt.Sprintf("master%d", i), p, binary, "master",
			"--ip="+p.ip, "--hostname="+p.ip, "--port="+port, "--masters="+strings.Join(all, ","), "--etcd_profile=local", "--leader_timeout=2secs",
			"--agent_ping_timeout=2secs", "--max_agent_ping_timeouts=5"))
	}
	for i := range 5 {
		c.agents = append(c.agents, c.process(fmt.Sprintf("agent%d", i), near, binary, "agent",
			"--ip="+near.ip, "--port=0", "--master="+strings.Join(c.hosts, ","), "--hostname="+fmt.Sprintf("agent%d", i),
			fmt.Sprintf("--resources=cpus:%d;mem:1024;disk:1024;ports:[31000-31100]", agentCPUs)))
	}
	t.Cleanup(c.end)
	for _, p := range append(append([]*process{}, c.masters...), c.agents...) {
		p.start()
	}
	return c
}

func (c *cluster) process(name string, p place, binary string, args ...string) *process {
	args = append(append([]string{binary}, args...), "--work_dir="+filepath.Join(c.dir, name))
	return &process{t: c.t, name: name, place: p, args: args, log: filepath.Join(c.dir, name+".log")}
}

// end stops everything, agents with all that they run.
func (c *cluster) end() {
	for _, a := range c.agents {
		a.signal(syscall.SIGCONT)
		a.signal(syscall.SIGUSR1)
	}
	deadline := time.After(10 * time.Second)
	for _, a := range c.agents {
		select {
		case <-a.done:
		case <-deadline:
		}
	}
	for _, p := range append(append([]*process{}, c.agents...), c.masters...) {
		p.kill()
	}
	if c.t.Failed() {
		for _, p := range append(append([]*process{}, c.masters...), c.agents...) {
			c.t.Logf("%s said last:\n%s", p.name, p.tail())
		}
	}
}

// asking doesn't follow redirects: they say who leads.
var asking = &http.Client{
	Timeout:       500 * time.Millisecond,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// leader is the master that says that it leads, or -1.
func (c *cluster) leader() int {
	for i, host := range c.hosts {
		answer, err := asking.Get("http://" + host + "/master/redirect")
		if err != nil {
			continue
		}
		answer.Body.Close()
		if u, err := url.Parse(answer.Header.Get("Location")); err == nil && u.Host == host {
			return i
		}
	}
	return -1
}

// eventually waits until something is so.
func eventually(t *testing.T, within time.Duration, what string, so func() bool) {
	t.Helper()
	began := time.Now()
	for !so() {
		if time.Since(began) > within {
			t.Fatalf("not within %v: %s", within, what)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("%s after %v", what, time.Since(began).Round(10*time.Millisecond))
}
