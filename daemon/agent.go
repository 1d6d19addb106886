//go:build !windows

package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	mathrand "math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/agent/checkpoint"
	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/fetch"
	"github.com/mesosctl/mesosctl/agent/container/filesystem/gids"
	"github.com/mesosctl/mesosctl/agent/container/image"
	"github.com/mesosctl/mesosctl/agent/machine"
	"github.com/mesosctl/mesosctl/agent/oversubscribe"
	"github.com/mesosctl/mesosctl/agent/workdir"
	"github.com/mesosctl/mesosctl/authn"
	"github.com/mesosctl/mesosctl/httpapi"
	"github.com/mesosctl/mesosctl/internal/drive"
	"github.com/mesosctl/mesosctl/mesos"
)

// Agent is a running agent: the core on its loop, its containers, its
// connection to the leading master and its HTTP server.
type Agent struct {
	cfg         AgentConfig
	log         *slog.Logger
	started     time.Time
	address     address
	server      *http.Server
	loop        *drive.Loop[agent.Input, agent.Effect]
	core        *agent.Agent
	tokens      *authn.Tokens // nil without a key
	realms      authn.Realms
	view        *httpapi.AgentView
	files       *httpapi.Files
	sandboxes   *sandboxes
	checkpoints *checkpoint.Store
	containers  container.Attacher
	images      *image.Provisioner // nil: this agent has none
	imagePulls  imagePulls
	executors   *executors
	masters     *masterLink
	requests    *requests
	estimator   oversubscribe.Estimator  // nil if nothing is given away
	controller  oversubscribe.Controller // nil if nothing is taken back
	lock        *os.File                 // of the work directory
	workDir     *workdir.Dir
	removals    chan removal // what the core wants removed
	cache       *fetch.Cache
	cacheLock   *os.File      // of the cache's directory
	gids        *gids.Manager // nil: no volume is given a group

	mu      sync.Mutex
	streams map[agent.StreamID]executorStream

	registered chan struct{} // closed once the agent has registered
	firstTime  sync.Once

	stop    context.CancelFunc      // asks the agent to end
	deaf    func() bool             // to the end of the context that it was started with
	end     context.CancelCauseFunc // ends it
	ended   context.Context         // by end, with the cause
	stopped error                   // what the core's Stopped said
	killed  atomic.Bool             // nothing is to outlive the agent
	group   *errgroup.Group
	wait    func() error // await, once
}

// StartAgent starts an agent that runs until the context ends, which leaves
// what outlives it to the next agent, or until Close is called, which leaves
// nothing. It returns once the agent answers requests; it may not be registered yet.
func StartAgent(ctx context.Context, cfg AgentConfig) (_ *Agent, err error) {
	a := &Agent{
		cfg:        cfg,
		log:        cfg.Log.With("daemon", "agent"),
		view:       httpapi.NewAgentView(),
		files:      httpapi.NewFiles(),
		started:    time.Now(),
		requests:   newRequests(),
		registered: make(chan struct{}),
		streams:    map[agent.StreamID]executorStream{},
		removals:   make(chan removal, removalsQueued),
	}
	defer func() {
		if err != nil {
			a.discard()
			err = fmt.Errorf("start agent: %w", err)
		}
	}()
	a.settleIsolation()
	if a.tokens, err = a.cfg.tokens(); err != nil {
		return nil, err
	}
	if a.realms, err = a.cfg.realms(a.tokens); err != nil {
		return nil, err
	}
	user, err := a.cfg.user()
	if err != nil {
		return nil, err
	}
	if a.estimator, a.controller, err = cfg.oversubscription(); err != nil {
		return nil, err
	}
	if a.lock, err = lockDir("work directory", cfg.WorkDir); err != nil {
		return nil, err
	}
	if a.workDir, err = workdir.Open(cfg.WorkDir); err != nil {
		return nil, err
	}
	if err := a.openCache(); err != nil {
		return nil, err
	}
	if a.checkpoints, err = checkpoint.Open(filepath.Join(cfg.WorkDir, "meta")); err != nil {
		return nil, err
	}
	if a.address, err = cfg.listen(); err != nil {
		return nil, err
	}
	coreConfig, err := a.coreConfig()
	if err != nil {
		return nil, err
	}
	state, err := agent.Recover(disk{a.checkpoints}, coreConfig)
	if err != nil {
		return nil, mesos.Errorf(mesos.Conflict, "%w", err) // no flag is wrong by itself
	}
	if err := cgroups.Enter(cfg.Cgroups, cfg.AgentSubsystems); err != nil {
		return nil, err
	}
	if err := a.openImages(&coreConfig); err != nil {
		return nil, err
	}
	isolators, err := a.isolators(&coreConfig, &state)
	if err != nil {
		return nil, err
	}
	containers, err := container.New(container.Config{
		Isolators: isolators, Images: a.provisioner(), AgentIP: a.address.ip, Fetcher: a.fetcher(), Now: time.Now,
		RuntimeDir: a.runtimeDir(), WorkDir: coreConfig.WorkDir, Over: a.sandboxOver, Log: a.log,
	})
	if err != nil {
		return nil, err
	}
	a.containers = containers
	a.core = agent.New(coreConfig, state)
	a.loop = drive.New[agent.Input, agent.Effect](a.core, agent.Tick{}, a.perform)
	a.sandboxes = newSandboxes(a.files, cfg.ACLs, coreConfig.WorkDir)
	a.executors = newExecutors(a)
	a.masters = newMasterLink(cfg.Masters, user, a.log, a.loop.Inbox)
	a.server = newServer(a.handler(), a.log)
	a.warnOfFiles()
	a.run(ctx, mesos.AgentID(state.Agent.GetId().GetValue()))
	a.log.Info("agent started", "address", a.address.String(), "work_dir", cfg.WorkDir)
	return a, nil
}

// run starts the agent's goroutines; id is that of the agent that ran here before. Asked to stop, the core has the last word:
// it shuts executors down over the HTTP server, and says when that is done. But
// an agent whose containers may outlive it just ends with its context.
func (a *Agent) run(ctx context.Context, id mesos.AgentID) {
	a.wait = sync.OnceValue(a.await)
	asked, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop = stop
	running, end := context.WithCancelCause(context.WithoutCancel(ctx))
	a.end, a.ended = end, running
	a.deaf = context.AfterFunc(ctx, func() {
		if a.cfg.Outlive {
			a.log.Info("stopping: containers of frameworks with checkpointing go on")
			end(nil)
		} else {
			stop()
		}
	})
	a.group, running = errgroup.WithContext(running)
	a.group.Go(func() error { return serve(running, a.server, a.address.listener) })
	a.group.Go(func() error { return a.loop.Run(running) })
	a.oversubscribes(running)
	a.collectGarbage(running, id)
	a.watchImages(running)
	a.group.Go(func() error {
		select {
		case <-asked.Done():
			a.loop.Put(agent.Shutdown{Reason: "the agent was asked to stop"})
		case <-running.Done():
		}
		return nil
	})
}

// Address is the host:port at which others reach the agent.
func (a *Agent) Address() string { return a.address.String() }

// Registered is closed once the agent has registered with a master.
func (a *Agent) Registered() <-chan struct{} { return a.registered }

// Wait returns when the agent has ended: nil if it was asked to.
func (a *Agent) Wait() error { return a.wait() }

// Leave takes the agent out of the cluster: it tells the master, shuts down what
// it runs, and then ends.
func (a *Agent) Leave() { a.stop() }

// Close is Leave, and waits until the agent has ended.
func (a *Agent) Close() error {
	a.Leave()
	return a.Wait()
}

// Kill ends the agent and its containers without the core's last word.
func (a *Agent) Kill() {
	a.killed.Store(true)
	a.end(context.Canceled)
}

func (a *Agent) await() error {
	err := a.group.Wait()
	a.deaf() // nobody can ask it to stop any more
	if errors.Is(err, context.Canceled) {
		err = context.Cause(a.ended) // such as that it can't write down what it must
	}
	a.requests.end(errStopping)
	a.masters.close()
	leave := a.containers.Close
	if a.cfg.Outlive && !a.killed.Load() {
		leave = a.containers.Detach // after an orderly end there is nothing to leave
	}
	err = errors.Join(a.stopped, leave(), a.closeImages(), ignoreCanceled(err))
	a.executors.end()
	a.closeWorkDir()
	a.log.Info("agent stopped")
	return err
}

// runtimeDir is where the connection to containers that outlive the agent is.
func (a *Agent) runtimeDir() string {
	if !a.cfg.Outlive {
		return ""
	}
	return filepath.Join(a.cfg.WorkDir, "supervisor")
}

// discard undoes what a failed start has done.
func (a *Agent) discard() {
	if a.address.listener != nil {
		a.address.listener.Close() //nolint:errcheck // the start's error matters
	}
	if a.containers != nil {
		a.containers.Detach() //nolint:errcheck // the start's error matters
	}
	a.closeImages() //nolint:errcheck // the start's error matters
	a.closeWorkDir()
}

func (a *Agent) closeWorkDir() {
	a.closeCache()
	if a.workDir != nil {
		a.workDir.Close() //nolint:errcheck // nothing was written to it
	}
	if a.lock != nil {
		a.lock.Close()
	}
}

func ignoreCanceled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// coreConfig is the configuration as the core wants it.
func (a *Agent) coreConfig() (agent.Config, error) {
	c := &a.cfg
	gpus, err := c.gpus()
	if err != nil {
		return agent.Config{}, err
	}
	info, err := machine.Info(machine.Options{
		GPUs:     gpus,
		Hostname: a.address.hostname, Port: a.address.port, WorkDir: c.WorkDir,
		Resources: c.Resources, DefaultRole: c.DefaultRole, Attributes: c.Attributes,
		Region: c.Domain.Region, Zone: c.Domain.Zone,
	})
	if err != nil {
		return agent.Config{}, err
	}
	workDir, err := filepath.Abs(c.WorkDir)
	if err != nil {
		return agent.Config{}, err
	}
	return agent.Config{
		Info:                              info,
		Version:                           MesosVersion,
		WorkDir:                           workDir,
		Address:                           a.address.String(),
		AdvertisedIP:                      c.advertisedIP(),
		RegistrationBackoffFactor:         c.RegistrationBackoffFactor,
		ExecutorRegistrationTimeout:       c.ExecutorRegistrationTimeout,
		ExecutorReregistrationTimeout:     c.ExecutorReregistrationTimeout,
		ExecutorShutdownGracePeriod:       c.ExecutorShutdownGracePeriod,
		RecoveryTimeout:                   c.RecoveryTimeout,
		HeartbeatInterval:                 c.HeartbeatInterval,
		MaxCompletedExecutorsPerFramework: c.MaxCompletedExecutorsPerFramework,
		GCDelay:                           c.GCDelay,
		GCDiskHeadroom:                    c.GCDiskHeadroom,
		Capabilities:                      machine.Capabilities(),
		ExecutorEnvironment:               c.executorEnvironment(),
		SwitchUser:                        c.SwitchUser,
		ACLs:                              c.ACLs,
		Token:                             a.token(),
		DefaultContainer:                  c.DefaultContainer,
		UUID:                              newUUID,
		Jitter:                            mathrand.Float64,
		Strict:                            c.Strict,
		Cleanup:                           c.Cleanup,
		ReconfigurationPolicy:             agent.ReconfigurationPolicy(c.ReconfigurationPolicy),
		AnyPort:                           c.Port == 0,
		BootID:                            machine.BootID(),
	}, nil
}

// newUUID is a random UUID.
func newUUID() [16]byte { return uuid.New() }

// executorEnvironment is what executors find in their environment before
// Mesos's own variables. Nothing of the agent's environment is passed on.
func (c *AgentConfig) executorEnvironment() (variables []agent.Variable) {
	for _, name := range slices.Sorted(maps.Keys(c.ExecutorEnvironment)) {
		variables = append(variables, agent.Variable{Name: name, Value: c.ExecutorEnvironment[name]})
	}
	return variables
}
