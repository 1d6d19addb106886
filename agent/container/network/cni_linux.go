package network

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// detachPatience is how long plugins may take to detach a container. After it
// the rest is left to the next agent.
const detachPatience = time.Minute

// cni is network/cni. A container's network is complete before its first process
// is started, which then enters it.
type cni struct {
	container.Passive
	config  CNIConfig
	plugins plugins

	mu         sync.Mutex
	containers map[mesos.ContainerID]*joined // those with networks of their own, and who left their parent's

	mount sync.Mutex // of making and removing directories of containers
}

// joined is one container's networks; none is the host's.
type joined struct {
	attachments []*attachment
}

// CNI makes network/cni. Without directories it knows no network but the host's.
func CNI(config CNIConfig) (container.Isolator, error) {
	c := &cni{
		Passive: container.Passive{Named: "network/cni"}, config: config,
		containers: map[mesos.ContainerID]*joined{},
	}
	if config.PluginsDir == "" && config.ConfigDir == "" {
		return c, nil
	}
	switch {
	case config.PluginsDir == "":
		return nil, mesos.Errorf(mesos.Invalid, "--network_cni_plugins_dir goes with --network_cni_config_dir")
	case config.ConfigDir == "":
		return nil, mesos.Errorf(mesos.Invalid, "--network_cni_config_dir goes with --network_cni_plugins_dir")
	case os.Geteuid() != 0:
		return nil, mesos.Errorf(mesos.Unsupported, "only root can make networks")
	}
	if _, err := readConfigs(config.ConfigDir, nil); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(config.RootDir, 0o700); err != nil {
		return nil, err
	}
	root, err := filepath.EvalSymlinks(config.RootDir)
	if err != nil {
		return nil, err
	}
	c.config.RootDir = root
	c.plugins.dirs = filepath.SplitList(config.PluginsDir)
	return c, nil
}

// Nests implements container.Nester.
func (c *cni) Nests() bool { return true }

// Provides implements container.Provider. An unknown network is refused by its
// name, also where there are none.
func (c *cni) Provides() []container.Feature {
	if os.Geteuid() != 0 {
		return []container.Feature{container.Networks}
	}
	return []container.Feature{container.Networks, container.Hostname}
}

func (c *cni) store(id mesos.ContainerID) store {
	return store(filepath.Join(c.config.RootDir, string(id)))
}

// Prepare implements container.Isolator.
func (c *cni) Prepare(ctx context.Context, plan *container.Plan) error {
	spec := plan.Spec
	if err := checkHostname(spec.Container.GetHostname()); err != nil {
		return err
	}
	wanted, host, err := c.wanted(spec)
	if err != nil {
		return err
	}
	switch {
	case len(wanted) > 0 && !spec.Debug:
		return c.prepareOwn(ctx, plan, wanted)
	case plan.Parent != nil && !host:
		return c.prepareShared(plan)
	case plan.Parent != nil:
		c.set(spec.ID, &joined{})
	}
	return c.prepareHost(plan)
}

// wanted are the networks that a container asks for by name; host tells that it
// names the host's.
func (c *cni) wanted(spec *container.Spec) (list []*attachment, host bool, err error) {
	if spec.Debug || !slices.ContainsFunc(spec.Container.GetNetworkInfos(), named) {
		return nil, false, nil
	}
	known, err := readConfigs(c.config.ConfigDir, c.plugins.dirs)
	if err != nil {
		return nil, false, err
	}
	for _, info := range spec.Container.GetNetworkInfos() {
		name := info.GetName()
		switch {
		case !named(info):
			continue
		case name == Host && known.networks[Host] == nil:
			host = true
			continue
		}
		config, err := known.find(name)
		if err != nil {
			return nil, false, err
		}
		if slices.ContainsFunc(list, func(a *attachment) bool { return a.config.Name == name }) {
			return nil, false, mesos.Errorf(mesos.Invalid, "network %q: is asked for twice", name)
		}
		if config, err = withArguments(config, info); err != nil {
			return nil, false, err
		}
		list = append(list, &attachment{info: info, ifName: fmt.Sprintf("eth%d", len(list)), config: config})
	}
	if host && len(list) > 0 {
		return nil, false, mesos.Errorf(mesos.Invalid, "network %q: can't be joined beside others", Host)
	}
	return list, host, nil
}

// prepareOwn makes a network namespace and attaches it to networks.
func (c *cni) prepareOwn(ctx context.Context, plan *container.Plan, attachments []*attachment) error {
	id := plan.Spec.ID
	name := hostname(id, plan.Spec.Container.GetHostname())
	c.set(id, &joined{attachments: attachments})
	kept, err := c.makeStore(id)
	if err != nil {
		return err
	}
	if err := makeNamespace(kept.namespace()); err != nil {
		return err
	}
	for _, a := range attachments {
		if err := kept.writeConfig(a); err != nil {
			return err
		}
		if err := c.plugins.add(ctx, id, a, kept.namespace(), kept.state(a.config.Name, a.ifName)); err != nil {
			return err
		}
		if err := kept.writeResult(a); err != nil {
			return err
		}
	}
	if err := kept.writeFiles(name, attachments, c.config.DNS); err != nil {
		return err
	}
	p := &plan.Process
	p.Join = append(p.Join, supervise.Namespace{Path: kept.namespace(), Kind: unix.CLONE_NEWNET})
	p.Namespaces |= unix.CLONE_NEWUTS
	p.Hostname = name
	anyAddress(p)
	return mountEtc(plan, kept.etc(), 0)
}

// prepareShared has a nested container join its parent's network.
func (c *cni) prepareShared(plan *container.Plan) error {
	owner, own := c.owner(plan.Parent.Spec.ID)
	if own == nil || len(own.attachments) == 0 {
		return c.prepareHost(plan)
	}
	kept := c.store(owner)
	p := &plan.Process
	join(p, supervise.Namespace{Path: kept.namespace(), Kind: unix.CLONE_NEWNET})
	if name := plan.Spec.Container.GetHostname(); name != "" {
		p.Namespaces |= unix.CLONE_NEWUTS
		p.Hostname = name
	} else {
		join(p, supervise.Namespace{Path: fmt.Sprintf("/proc/%d/ns/uts", plan.Parent.Pid), Kind: unix.CLONE_NEWUTS})
	}
	anyAddress(p)
	if plan.Spec.Debug {
		return nil
	}
	return mountEtc(plan, kept.etc(), 0)
}

// prepareHost leaves a container on the host's network. If it has an image it
// sees the host's files, which it can't change.
func (c *cni) prepareHost(plan *container.Plan) error {
	if name := plan.Spec.Container.GetHostname(); name != "" && !plan.Spec.Debug {
		plan.Process.Namespaces |= unix.CLONE_NEWUTS
		plan.Process.Hostname = name
	}
	if plan.Image == nil {
		return nil
	}
	return mountEtc(plan, hostEtc(), unix.MS_RDONLY)
}

// join adds a namespace of the parent's, unless the process enters one already.
func join(p *supervise.Process, ns supervise.Namespace) {
	if !joins(p, ns.Kind) {
		p.Join = append(p.Join, ns)
	}
}

func joins(p *supervise.Process, kind uint64) bool {
	return slices.ContainsFunc(p.Join, func(ns supervise.Namespace) bool { return ns.Kind == kind })
}

// anyAddress keeps libprocess, in executors of Mesos, from binding to the address
// of the agent.
func anyAddress(p *supervise.Process) {
	const variable = "LIBPROCESS_IP="
	p.Env = slices.DeleteFunc(p.Env, func(v string) bool { return strings.HasPrefix(v, variable) })
	p.Env = append(p.Env, variable+"0.0.0.0")
}

func (c *cni) set(id mesos.ContainerID, j *joined) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.containers[id] = j
}

// owner finds whose networks a container is in: its own, or those of the nearest
// container around it that has some; nil if that is the host's.
func (c *cni) owner(id mesos.ContainerID) (mesos.ContainerID, *joined) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ; id != ""; id = id.Parent() {
		if j := c.containers[id]; j != nil {
			return id, j
		}
	}
	return "", nil
}

// Status implements container.Isolator: the networks that were asked for, with
// the addresses that the container has in them.
func (c *cni) Status(id mesos.ContainerID, status *mesospb.ContainerStatus) {
	_, j := c.owner(id)
	if j == nil || len(j.attachments) == 0 {
		return
	}
	status.NetworkInfos = nil
	for _, a := range j.attachments {
		if a.result == nil {
			continue
		}
		info := &mesospb.NetworkInfo{
			Name: a.info.Name, Groups: a.info.GetGroups(), Labels: a.info.GetLabels(), PortMappings: a.info.GetPortMappings(),
		}
		for _, ip := range a.addresses() {
			protocol := mesospb.NetworkInfo_IPv6
			if ip.To4() != nil {
				protocol = mesospb.NetworkInfo_IPv4
			}
			address := ip.String()
			info.IpAddresses = append(info.IpAddresses, &mesospb.NetworkInfo_IPAddress{Protocol: &protocol, IpAddress: &address})
		}
		status.NetworkInfos = append(status.NetworkInfos, info)
	}
}

// Usage implements container.Isolator: what went over the container's own
// interfaces.
func (c *cni) Usage(_ context.Context, id mesos.ContainerID, _ []int, usage *mesospb.ResourceStatistics) error {
	c.mu.Lock()
	j := c.containers[id]
	c.mu.Unlock()
	if !c.config.Metrics || j == nil || len(j.attachments) == 0 {
		return nil
	}
	names := make([]string, len(j.attachments))
	for i, a := range j.attachments {
		names[i] = a.ifName
	}
	return traffic(c.store(id).namespace(), names, usage)
}

// Recover implements container.Isolator.
func (c *cni) Recover(spec *container.Spec, _ int) error {
	attachments, err := c.store(spec.ID).attachments()
	if err != nil {
		return err
	}
	if len(attachments) > 0 {
		c.set(spec.ID, &joined{attachments: attachments})
	} else if spec.ID.Parent() != "" && slices.ContainsFunc(spec.Container.GetNetworkInfos(), named) {
		c.set(spec.ID, &joined{})
	}
	return nil
}

// Sweep implements container.Sweeper.
func (c *cni) Sweep(ctx context.Context, kept func(mesos.ContainerID) bool) error {
	if c.plugins.dirs == nil {
		return nil
	}
	entries, err := os.ReadDir(c.config.RootDir)
	if err != nil {
		return err
	}
	var failed []error
	for _, entry := range entries {
		if id := mesos.ContainerID(entry.Name()); entry.IsDir() && !kept(id) {
			failed = append(failed, c.remove(ctx, id))
		}
	}
	return errors.Join(failed...)
}

// Cleanup implements container.Isolator.
func (c *cni) Cleanup(ctx context.Context, id mesos.ContainerID) error {
	c.mu.Lock()
	delete(c.containers, id)
	c.mu.Unlock()
	if c.plugins.dirs == nil {
		return nil
	}
	return c.remove(ctx, id)
}

// remove detaches a container and removes what was kept of it. What could not be
// detached stays noted, for a later Sweep.
func (c *cni) remove(ctx context.Context, id mesos.ContainerID) error {
	kept := c.store(id)
	if !exists(string(kept)) {
		return nil
	}
	attachments, err := kept.attachments()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, detachPatience)
	defer cancel()
	namespace := kept.namespace()
	if !isNamespace(namespace) {
		namespace = "" // the machine was started anew
	}
	var failed []error
	for _, a := range slices.Backward(attachments) {
		state := kept.state(a.config.Name, a.ifName)
		if err := c.plugins.del(ctx, id, a, namespace, state); err != nil {
			failed = append(failed, err)
			continue
		}
		failed = append(failed, os.RemoveAll(state))
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	return c.removeStore(id)
}

// makeStore makes a container's directory.
func (c *cni) makeStore(id mesos.ContainerID) (store, error) {
	c.mount.Lock()
	defer c.mount.Unlock()
	if err := shareMounts(c.config.RootDir); err != nil {
		return "", err
	}
	kept := c.store(id)
	return kept, os.Mkdir(string(kept), 0o755)
}

// removeStore removes a container's directory and, with the last of them, the
// mount that they needed.
func (c *cni) removeStore(id mesos.ContainerID) error {
	c.mount.Lock()
	defer c.mount.Unlock()
	kept := c.store(id)
	if err := removeNamespace(kept.namespace()); err != nil {
		return err
	}
	if err := os.RemoveAll(string(kept)); err != nil {
		return err
	}
	if entries, err := os.ReadDir(c.config.RootDir); err != nil || len(entries) > 0 {
		return err
	}
	if _, at, err := mountOf(c.config.RootDir); err != nil || at != c.config.RootDir {
		return err
	}
	return unix.Unmount(c.config.RootDir, unix.MNT_DETACH)
}
