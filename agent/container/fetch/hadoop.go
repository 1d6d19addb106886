package fetch

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
)

// downloadHadoop downloads by the Hadoop client, as the user: whose files it may
// read is a matter of who asks.
func (f *Fetcher) downloadHadoop(ctx context.Context, uri string, user *supervise.User, to *target) error {
	w := f.watch(ctx)
	defer w.stop()
	cmd := exec.CommandContext(w.ctx, filepath.Join(f.HadoopHome, "bin", "hadoop"), "fs", "-cat", uri)
	cmd.Env = hadoopEnvironment(f.HadoopHome)
	cmd.Dir = "/"
	runAs(cmd, user)
	said := &tail{}
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := to.begin(); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		if cause := context.Cause(w.ctx); cause != nil {
			return cause
		}
		return mesos.Errorf(mesos.Unavailable, "hadoop client: %w", err)
	}
	read, written := w.copy(to, out)
	if read != nil || written != nil {
		w.cancel(nil)
	}
	ended := cmd.Wait()
	switch {
	case written != nil:
		return written
	case context.Cause(w.ctx) != nil:
		return context.Cause(w.ctx)
	case read != nil:
		return read
	case ended != nil:
		return mesos.Errorf(mesos.Unavailable, "hadoop client: %w: %s", ended, said)
	}
	return nil
}

// hadoopEnvironment is what of the agent's environment concerns the client.
func hadoopEnvironment(home string) []string {
	var env []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if name == "PATH" || name == "JAVA_HOME" || name == "LANG" || strings.HasPrefix(name, "HADOOP_") || strings.HasPrefix(name, "KRB5") {
			env = append(env, v)
		}
	}
	return append(env, "HADOOP_HOME="+home)
}

// tail keeps the last of what is written to it.
type tail struct{ kept []byte }

func (t *tail) Write(p []byte) (int, error) {
	const most = 4 << 10
	t.kept = append(t.kept, p...)
	t.kept = t.kept[max(0, len(t.kept)-most):]
	return len(p), nil
}

// String is the last line.
func (t *tail) String() string {
	lines := bytes.Split(bytes.TrimSpace(t.kept), []byte("\n"))
	return strings.TrimSpace(string(lines[len(lines)-1]))
}
