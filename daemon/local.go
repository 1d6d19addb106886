package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// LocalConfig describes a cluster in one process: one master, or none, and some agents.
type LocalConfig struct {
	Agents  int    // how many; 0 means 1
	WorkDir string // empty: a temporary one, removed by Close
	// Masters are host:port addresses of masters that run elsewhere; empty: one is
	// started here.
	Masters []string
	// Master and Agent are the daemons' configurations. WorkDir and, of the
	// agents, Masters are set here; with several agents each gets a port of its
	// own counted from Agent.Port, unless that is 0.
	Master MasterConfig
	Agent  AgentConfig
}

// Local is a running cluster in one process.
type Local struct {
	master  *Master // nil: masters run elsewhere
	masters []string
	agents  []*Agent
	remove  string // a temporary work dir
}

// StartLocal starts a cluster, which runs until Close. It returns once the
// master leads; agents register and offers are made moments later.
// The context bounds the start only.
func StartLocal(ctx context.Context, cfg LocalConfig) (_ *Local, err error) {
	l := new(Local)
	running := context.WithoutCancel(ctx) // daemons end in order, by Close
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("start local cluster: %w", err), l.Close())
		}
	}()
	if cfg.WorkDir == "" {
		if cfg.WorkDir, err = os.MkdirTemp("", "mesosctl-"); err != nil {
			return nil, err
		}
		l.remove = cfg.WorkDir
		// Tasks of other users must reach their sandboxes.
		if err = os.Chmod(cfg.WorkDir, 0o755); err != nil {
			return nil, err
		}
	}
	if err = ctx.Err(); err != nil {
		return nil, err
	}
	if l.masters = cfg.Masters; len(l.masters) == 0 {
		if err = l.lead(ctx, cfg); err != nil {
			return nil, err
		}
	}
	for i := range max(cfg.Agents, 1) {
		agent := cfg.Agent
		agent.Outlive, agent.ReconfigurationPolicy = false, ""
		agent.Masters = l.masters
		agent.WorkDir = filepath.Join(cfg.WorkDir, "agent-"+strconv.Itoa(i))
		if agent.Port != 0 {
			agent.Port += i
		}
		started, err := StartAgent(running, agent)
		if err != nil {
			return nil, err
		}
		l.agents = append(l.agents, started)
	}
	return l, nil
}

// lead starts a master and waits until it leads.
func (l *Local) lead(ctx context.Context, cfg LocalConfig) (err error) {
	cfg.Master.WorkDir = filepath.Join(cfg.WorkDir, "master")
	if l.master, err = StartMaster(context.WithoutCancel(ctx), cfg.Master); err != nil {
		return err
	}
	l.masters = []string{l.master.Address()}
	select {
	case <-l.master.Led():
		return nil
	case <-l.master.Ended():
		return l.master.Wait()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Master is the host:port of the master, or of the first of several.
func (l *Local) Master() string { return l.masters[0] }

// Agents are the host:port addresses of the agents.
func (l *Local) Agents() (addresses []string) {
	for _, agent := range l.agents {
		addresses = append(addresses, agent.Address())
	}
	return addresses
}

// Ready returns when every agent has registered, or with the context's error.
func (l *Local) Ready(ctx context.Context) error {
	for _, agent := range l.agents {
		select {
		case <-agent.Registered():
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Wait returns when the cluster has ended: after the context did, or because the
// master or all agents failed. One agent may go, say because it was marked gone.
func (l *Local) Wait(ctx context.Context) error {
	failed := make(chan error, 1)
	if l.master != nil {
		go func() { failed <- l.master.Wait() }()
	}
	agents := make(chan error, len(l.agents))
	for _, agent := range l.agents {
		go func() { agents <- agent.Wait() }()
	}
	var err error
	for left := len(l.agents); left > 0 && err == nil && ctx.Err() == nil; {
		select {
		case err = <-failed:
			left = 0
		case ended := <-agents:
			if left--; left == 0 {
				err = ended
			}
		case <-ctx.Done():
		}
	}
	return errors.Join(err, l.Close())
}

// Kill ends the agents and their containers at once: executors are not asked
// first, nor given their grace period. Close is still to be called, and it
// doesn't matter if it is under way.
func (l *Local) Kill() {
	for _, agent := range l.agents {
		agent.Kill()
	}
}

// Close stops the daemons, agents first, and removes a temporary work dir.
func (l *Local) Close() error {
	var errs []error
	for _, agent := range l.agents {
		errs = append(errs, agent.Close())
	}
	if l.master != nil {
		errs = append(errs, l.master.Close())
	}
	if l.remove != "" {
		errs = append(errs, os.RemoveAll(l.remove))
	}
	return errors.Join(errs...)
}
