package compat

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
)

type task struct {
	ID    string `json:"id"`
	State string `json:"state"`
}

type masterState struct {
	CompletedFrameworks []struct {
		Name           string `json:"name"`
		CompletedTasks []task `json:"completed_tasks"`
	} `json:"completed_frameworks"`
}

// completed returns the finished tasks of a torn-down framework.
func (c *cluster) completed(t *testing.T, framework string) (tasks []task) {
	t.Helper()
	poll(t, framework+" is completed", func() error {
		var state masterState
		if err := getJSON(c.master, "/state", &state); err != nil {
			return err
		}
		for _, f := range state.CompletedFrameworks {
			if f.Name == framework {
				tasks = f.CompletedTasks
				return nil
			}
		}
		return errors.New("it is not")
	})
	return tasks
}

func (c *cluster) metrics(t *testing.T, address string) map[string]float64 {
	t.Helper()
	metrics := map[string]float64{}
	if err := getJSON(address, "/metrics/snapshot", &metrics); err != nil {
		t.Fatal(err)
	}
	return metrics
}

func count(lines []map[string]any, field string, value any) (n int) {
	for _, line := range lines {
		if line[field] == value {
			n++
		}
	}
	return n
}

func split(t *testing.T, address string) (host, port string) {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}

func TestMesosFrameworkSchedulerRunsTwentyCommands(t *testing.T) {
	c := startCluster(t)
	host, port := split(t, c.master)
	lines := node(t, "scheduler.js", host, port, "20")
	for _, state := range []string{"TASK_RUNNING", "TASK_FINISHED"} {
		if n := count(lines, "state", state); n != 20 {
			t.Errorf("%d updates of %s, want 20", n, state)
		}
	}
	if n := count(lines, "message", "Command exited with status 0"); n != 20 {
		t.Errorf("%d tasks said that the command exited with status 0, want 20", n)
	}
	tasks := c.completed(t, "compat-scheduler")
	if len(tasks) != 20 {
		t.Errorf("%d completed tasks, want 20", len(tasks))
	}
	for _, task := range tasks {
		if task.State != "TASK_FINISHED" {
			t.Errorf("task %s: %s", task.ID, task.State)
		}
	}
	c.everyUpdateWasAcknowledged(t)
}

func TestMesosFrameworkExecutorRunsTasks(t *testing.T) {
	c := startCluster(t)
	host, port := split(t, c.master)
	const tasks = 10
	lines := node(t, "custom-scheduler.js", host, port, fmt.Sprint(tasks))
	for i := range tasks {
		name := fmt.Sprintf("custom %d", i)
		if count(lines, "message", "did "+name) != 1 {
			t.Errorf("no TASK_FINISHED says that it did %q", name)
		}
		if count(lines, "message", name) != 1 {
			t.Errorf("the executor's message %q did not arrive", name)
		}
	}
	if n := len(c.completed(t, "compat-custom-executor")); n != tasks {
		t.Errorf("%d completed tasks, want %d", n, tasks)
	}
	c.everyUpdateWasAcknowledged(t)
}

// everyUpdateWasAcknowledged holds the master's counts against each other.
func (c *cluster) everyUpdateWasAcknowledged(t *testing.T) {
	t.Helper()
	poll(t, "every update is acknowledged", func() error {
		m := c.metrics(t, c.master)
		updates, acks := m["master/valid_status_updates"], m["master/valid_status_update_acknowledgements"]
		if updates == 0 || updates != acks {
			return fmt.Errorf("%v updates, %v acknowledgements", updates, acks)
		}
		return nil
	})
}

func TestDcosClientReadsAnEventStream(t *testing.T) {
	c := startCluster(t)
	host, port := split(t, c.master)
	var types []string
	for _, line := range node(t, "stream.js", host, port) {
		types = append(types, fmt.Sprint(line["type"]))
	}
	got := strings.Join(types, " ")
	if !strings.HasPrefix(got, "SUBSCRIBED") || !strings.HasSuffix(got, "OFFERS GET_FLAGS") {
		t.Errorf("the client saw %q, want SUBSCRIBED, OFFERS and the flags", got)
	}
}
