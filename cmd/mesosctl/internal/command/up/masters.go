//go:build !windows

package up

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/local"
	"github.com/mesosctl/mesosctl/internal/ports"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
)

const (
	maxMasters = 7
	// peerPorts is how far a master's port for other masters is from its own.
	peerPorts = 1000
	// farewell is how long masters may take to end.
	farewell = 10 * time.Second
)

// masters are masters in processes of their own.
type masters struct {
	all   []*process
	ended chan *process // receives each that has
	over  chan struct{} // closed once all have
}

// process is one of them.
type process struct {
	address string
	log     string // a file
	cmd     *exec.Cmd
	done    chan struct{}
}

// runSeveral runs a cluster with several masters in the foreground.
func runSeveral(ctx, starting context.Context, a *app.App, o *options) (err error) {
	config := o.config(a)
	if config.WorkDir == "" {
		if config.WorkDir, err = os.MkdirTemp("", "mesosctl-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(config.WorkDir)) }()
	}
	if err := os.MkdirAll(config.WorkDir, 0o755); err != nil {
		return err
	}
	if err := os.Chmod(config.WorkDir, 0o755); err != nil { // tasks of other users must reach their sandboxes
		return err
	}
	m, err := startMasters(a, o, config.WorkDir)
	if err != nil {
		return err
	}
	defer m.stop()
	told := local.Cluster{PID: os.Getpid(), Master: m.all[0].address, WorkDir: o.workDir, Masters: m.running(nil), Logs: m.logs()}
	config.Masters = told.Addresses()
	if config.Agent.Port != 0 {
		config.Agent.Port = o.port + o.masters
	}
	starting, broken := context.WithCancelCause(starting)
	early := m.watchStart(broken)
	cluster, err := start(starting, config)
	if err == nil {
		err = answer(starting, config.Masters)
	}
	if early() {
		err = context.Cause(starting)
	}
	if err != nil {
		if cluster != nil {
			err = errors.Join(err, cluster.Close())
		}
		return o.late(err)
	}
	told.Agents = cluster.Agents()
	state := a.State()
	if err := state.Write(told); err != nil {
		return errors.Join(err, cluster.Close())
	}
	say(a, told)
	fmt.Fprintln(a.IO.Err, "Ctrl-C stops it")
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go m.watch(a, state, told, cancel)
	err = cluster.Wait(ctx)
	if cause := context.Cause(ctx); mesos.KindOf(cause) == mesos.Unavailable {
		return errors.Join(cause, err)
	}
	return err
}

// answer waits until every master does: the last of them may be late.
func answer(ctx context.Context, masters []string) error {
	c, err := client.New(client.Config{Masters: masters, MediaType: wire.Protobuf})
	if err != nil {
		return err
	}
	defer c.Close()
	for _, host := range masters {
		var elsewhere *client.RedirectError
		for err := c.Probe(ctx, host); err != nil && !errors.As(err, &elsewhere); err = c.Probe(ctx, host) {
			if err := app.Pause(ctx, poll); err != nil {
				return context.Cause(ctx)
			}
		}
	}
	return nil
}

// startMasters starts masters that form a cluster among themselves.
func startMasters(a *app.App, o *options, workDir string) (*masters, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	addresses, err := o.addresses()
	if err != nil {
		return nil, err
	}
	m := &masters{ended: make(chan *process, o.masters), over: make(chan struct{})}
	failed := make(chan error)
	go func() {
		// Should this process be killed, they end with the thread that started them.
		runtime.LockOSThread()
		failed <- m.start(a, o, self, workDir, addresses)
		<-m.over
	}()
	if err := <-failed; err != nil {
		m.stop()
		return nil, err
	}
	return m, nil
}

// address is where a master listens, for all and for other masters.
type address struct{ port, peer int }

// addresses are those of --port on, or free ones.
func (o *options) addresses() ([]address, error) {
	list := make([]address, o.masters)
	if o.port == 0 {
		free, err := ports.Free(o.ip, 2*o.masters)
		if err != nil {
			return nil, fmt.Errorf("find free ports: %w", err)
		}
		for i := range list {
			list[i] = address{free[2*i], free[2*i+1]}
		}
		return list, nil
	}
	for i := range list {
		list[i] = address{o.port + i, o.port + i + peerPorts}
	}
	return list, nil
}

func (m *masters) start(a *app.App, o *options, self, workDir string, addresses []address) error {
	var all []string
	for _, at := range addresses {
		all = append(all, fmt.Sprintf("%s/%d", net.JoinHostPort(o.ip, strconv.Itoa(at.port)), at.peer))
	}
	for i, at := range addresses {
		dir := filepath.Join(workDir, "master-"+strconv.Itoa(i))
		p := &process{address: net.JoinHostPort(o.ip, strconv.Itoa(at.port)), log: dir + ".log", done: make(chan struct{})}
		log, err := os.Create(p.log)
		if err != nil {
			return err
		}
		p.cmd = exec.Command(self, "master", "--ip="+o.ip, "--port="+strconv.Itoa(at.port), "--etcd_profile=local",
			"--masters="+strings.Join(all, ","), "--work_dir="+dir)
		p.cmd.Env = append(withoutFlags(a.Environ), "MESOSCTL_ETC="+workDir)
		p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr, p.cmd.SysProcAttr = workDir, log, log, attributes()
		err = p.cmd.Start()
		_ = log.Close() // the master has its own
		if err != nil {
			return fmt.Errorf("start a master: %w", err)
		}
		m.all = append(m.all, p)
		go func() {
			_ = p.cmd.Wait() // its log says why
			close(p.done)
			m.ended <- p
		}()
	}
	return nil
}

// withoutFlags leaves out the variables that a master takes for its flags.
func withoutFlags(environ []string) (rest []string) {
	for _, variable := range environ {
		if !strings.HasPrefix(variable, "MESOS_") {
			rest = append(rest, variable)
		}
	}
	return rest
}

// running is the masters that have not ended.
func (m *masters) running(ended map[*process]bool) (list []local.Master) {
	for _, p := range m.all {
		if !ended[p] {
			list = append(list, local.Master{Address: p.address, PID: p.cmd.Process.Pid})
		}
	}
	return list
}

// logs is where the masters log to.
func (m *masters) logs() (paths []string) {
	for _, p := range m.all {
		paths = append(paths, p.log)
	}
	return paths
}

// watchStart breaks a start off if a master ends during it. The function that it
// returns ends the watch, and tells if that was so.
func (m *masters) watchStart(cancel context.CancelCauseFunc) (early func() bool) {
	stop, result := make(chan struct{}), make(chan bool, 1)
	go func() {
		select {
		case p := <-m.ended:
			cancel(mesos.Errorf(mesos.Internal, "master %s did not start:\n%s", p.address, tail(p.log)))
			result <- true
		case <-stop:
			result <- false
		}
	}()
	return func() bool {
		close(stop)
		return <-result
	}
}

// watch tells of masters that end, and ends with the last one.
func (m *masters) watch(a *app.App, state local.Dir, told local.Cluster, cancel context.CancelCauseFunc) {
	ended := map[*process]bool{}
	for {
		select {
		case p := <-m.ended:
			ended[p] = true
			if told.Masters = m.running(ended); len(told.Masters) == 0 {
				cancel(mesos.Errorf(mesos.Unavailable, "all masters have ended; the log of the last one:\n%s", tail(p.log)))
				return
			}
			told.Master = told.Masters[0].Address
			fmt.Fprintf(a.IO.Err, "master %s has ended; %d of %d are left\n", p.address, len(told.Masters), len(m.all))
			if err := state.Write(told); err != nil {
				fmt.Fprintln(a.IO.Err, err)
			}
		case <-m.over:
			return
		}
	}
}

// stop ends all masters.
func (m *masters) stop() {
	for _, p := range m.all {
		_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	}
	late := time.After(farewell)
	for _, p := range m.all {
		select {
		case <-p.done:
		case <-late:
			_ = p.cmd.Process.Kill()
			<-p.done
		}
	}
	close(m.over)
}
