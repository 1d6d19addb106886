// Package compat runs clients that others wrote against the built binary. It is
// a module of its own, so that their dependencies stay out of the product.
package compat

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cluster is one master and one agent, as an operator starts them.
type cluster struct {
	master, agent string // host:port
}

// patience bounds every wait of these tests.
const patience = 30 * time.Second

// startCluster starts the daemons of the binary that MESOSCTL names.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	binary := os.Getenv("MESOSCTL")
	if binary == "" {
		t.Fatal("MESOSCTL is not set: run these tests with `make compat`")
	}
	c := &cluster{master: freeAddress(t), agent: freeAddress(t)}
	daemon(t, binary, "master", c.master)
	c.await(t, c.master, "/health")
	daemon(t, binary, "agent", c.agent, "--master="+c.master, "--resources=cpus:4;mem:4096;disk:4096;ports:[31000-31999]")
	c.await(t, c.agent, "/health")
	poll(t, "the agent is registered", func() error {
		var state struct {
			ActivatedSlaves float64 `json:"activated_slaves"`
		}
		if err := getJSON(c.master, "/state", &state); err != nil {
			return err
		}
		if state.ActivatedSlaves != 1 {
			return fmt.Errorf("%v active agents", state.ActivatedSlaves)
		}
		return nil
	})
	return c
}

func daemon(t *testing.T, binary, verb, address string, args ...string) {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	log, err := os.Create(filepath.Join(dir, verb+".log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, append([]string{verb, "--ip=" + host, "--port=" + port, "--work_dir=" + filepath.Join(dir, verb)}, args...)...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("%s: %v", verb, err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s did not stop cleanly: %v", verb, err)
		}
		log.Close()
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("log of the %s:\n%s", verb, text)
		}
	})
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (c *cluster) await(t *testing.T, address, path string) {
	t.Helper()
	poll(t, address+path+" answers", func() error {
		resp, err := http.Get("http://" + address + path)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s", resp.Status)
		}
		return nil
	})
}

// poll tries until it works, and fails the test after a while.
func poll(t *testing.T, what string, try func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited %v until %s: %v", patience, what, err)
		}
		<-tick.C
	}
}

func getJSON(address, path string, into any) error {
	resp, err := http.Get("http://" + address + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", path, resp.Status, body)
	}
	return json.Unmarshal(body, into)
}

// node runs one of the clients and returns the lines of JSON that it printed.
func node(t *testing.T, script string, args ...string) []map[string]any {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	path, err := filepath.Abs(filepath.Join("clients", script))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, "node", append([]string{path}, args...)...)
	cmd.Dir = t.TempDir() // mesos-framework writes a log to where it runs
	if err := os.Mkdir(filepath.Join(cmd.Dir, "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s\n%s", script, err, out, stderr.String())
	}
	var lines []map[string]any
	for scanner := bufio.NewScanner(strings.NewReader(string(out))); scanner.Scan(); {
		line := map[string]any{}
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Fatalf("%s printed %q: %v", script, scanner.Text(), err)
		}
		lines = append(lines, line)
	}
	return lines
}
