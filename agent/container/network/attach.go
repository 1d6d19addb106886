package network

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/containernetworking/cni/libcni"
	"github.com/containernetworking/cni/pkg/invoke"
	"github.com/containernetworking/cni/pkg/types"
	current "github.com/containernetworking/cni/pkg/types/100"
	"github.com/containernetworking/cni/pkg/version"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// reserved is the key of "args" that holds what a task asked for, under
// "network_info". It is not for configurations.
const reserved = "org.apache.mesos"

// killPatience is how long to wait for the output of a plugin that was killed.
const killPatience = 5 * time.Second

// attachment is one network of one container.
type attachment struct {
	info   *mesospb.NetworkInfo // as the container asks for it
	ifName string
	config *libcni.NetworkConfigList // with the arguments in it
	result *current.Result           // nil until the plugins said it
}

// withArguments is a network's configuration as the plugins get it for one
// container.
func withArguments(config *libcni.NetworkConfigList, info *mesospb.NetworkInfo) (*libcni.NetworkConfigList, error) {
	told, err := wire.MarshalJSON(info)
	if err != nil {
		return nil, err
	}
	plugins := make([]json.RawMessage, len(config.Plugins))
	for i, plugin := range config.Plugins {
		var raw map[string]any
		decoder := json.NewDecoder(bytes.NewReader(plugin.Bytes))
		decoder.UseNumber()
		if err := decoder.Decode(&raw); err != nil {
			return nil, err
		}
		args := map[string]any{}
		if had, ok := raw["args"]; ok {
			if args, ok = had.(map[string]any); !ok {
				return nil, mesos.Errorf(mesos.Invalid, "network %q: its configuration's args are no object", config.Name)
			}
		}
		if _, ok := args[reserved]; ok {
			return nil, mesos.Errorf(mesos.Invalid, "network %q: its configuration's args have %q, which is Mesos's", config.Name, reserved)
		}
		args[reserved] = map[string]json.RawMessage{"network_info": told}
		raw["args"] = args
		if plugins[i], err = json.Marshal(raw); err != nil {
			return nil, err
		}
	}
	data, err := json.Marshal(map[string]any{"name": config.Name, "cniVersion": config.CNIVersion, "plugins": plugins})
	if err != nil {
		return nil, err
	}
	return libcni.NetworkConfFromBytes(data)
}

// asked reads back what withArguments wrote.
func asked(config *libcni.NetworkConfigList) (*mesospb.NetworkInfo, error) {
	var raw struct {
		Args map[string]json.RawMessage `json:"args"`
	}
	if err := json.Unmarshal(config.Plugins[0].Bytes, &raw); err != nil {
		return nil, err
	}
	var own struct {
		Info json.RawMessage `json:"network_info"`
	}
	if err := json.Unmarshal(raw.Args[reserved], &own); err != nil {
		return nil, err
	}
	info := &mesospb.NetworkInfo{}
	return info, wire.UnmarshalJSON(own.Info, info)
}

// capabilities are the conventional arguments of plugins that declare them.
// See https://www.cni.dev/docs/conventions/.
func capabilities(info *mesospb.NetworkInfo) map[string]any {
	args := map[string]any{}
	type mapping struct {
		HostPort      uint32 `json:"hostPort"`
		ContainerPort uint32 `json:"containerPort"`
		Protocol      string `json:"protocol"`
	}
	var mappings []mapping
	for _, m := range info.GetPortMappings() {
		protocol := strings.ToLower(m.GetProtocol())
		if protocol == "" {
			protocol = "tcp"
		}
		mappings = append(mappings, mapping{m.GetHostPort(), m.GetContainerPort(), protocol})
	}
	if len(mappings) > 0 {
		args["portMappings"] = mappings
	}
	var ips []string
	for _, address := range info.GetIpAddresses() {
		if address.GetIpAddress() != "" {
			ips = append(ips, address.GetIpAddress())
		}
	}
	if len(ips) > 0 {
		args["ips"] = ips
	}
	return args
}

// plugins runs the plugins of networks.
type plugins struct {
	dirs []string
}

// add attaches a container, whose network namespace is at netns; state is a
// directory for what the plugins must be told again by del.
func (p plugins) add(ctx context.Context, id mesos.ContainerID, a *attachment, netns, state string) error {
	result, err := p.cni(state).AddNetworkList(ctx, a.config, a.runtime(id, netns))
	if err != nil {
		return fmt.Errorf("network %q: attach: %w", a.config.Name, explained(err))
	}
	if a.result, err = current.NewResultFromResult(result); err != nil {
		return fmt.Errorf("network %q: what its plugin said: %w", a.config.Name, err)
	}
	return nil
}

// del detaches a container. Plugins free what they can if netns is empty.
func (p plugins) del(ctx context.Context, id mesos.ContainerID, a *attachment, netns, state string) error {
	if err := p.cni(state).DelNetworkList(ctx, a.config, a.runtime(id, netns)); err != nil {
		return fmt.Errorf("network %q: detach: %w", a.config.Name, explained(err))
	}
	return nil
}

func (p plugins) cni(state string) *libcni.CNIConfig {
	return libcni.NewCNIConfigWithCacheDir(p.dirs, state, &runner{})
}

func (a *attachment) runtime(id mesos.ContainerID, netns string) *libcni.RuntimeConf {
	return &libcni.RuntimeConf{
		ContainerID: string(id), NetNS: netns, IfName: a.ifName, CapabilityArgs: capabilities(a.info),
	}
}

// addresses are the addresses that an interface was given, without their networks.
func (a *attachment) addresses() []net.IP {
	if a.result == nil {
		return nil
	}
	var ips []net.IP
	for _, ip := range a.result.IPs {
		// A chain's result may have addresses of other interfaces, say of the bridge.
		if i := ip.Interface; i != nil && *i >= 0 && *i < len(a.result.Interfaces) {
			if on := a.result.Interfaces[*i]; on.Sandbox == "" || on.Name != a.ifName {
				continue
			}
		}
		ips = append(ips, ip.Address.IP)
	}
	return ips
}

// runner runs a plugin with no more of the agent's environment than it needs.
type runner struct{ version.PluginDecoder }

func (*runner) FindInPath(plugin string, dirs []string) (string, error) {
	return invoke.FindInPath(plugin, dirs)
}

func (*runner) ExecPlugin(ctx context.Context, path string, stdin []byte, environment []string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, path)
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	command.Dir = "/"
	command.WaitDelay = killPatience
	command.Env = []string{}
	hasPath := false
	for _, v := range environment {
		isPath := strings.HasPrefix(v, "PATH=")
		hasPath = hasPath || isPath
		if isPath || strings.HasPrefix(v, "CNI_") {
			command.Env = append(command.Env, v)
		}
	}
	if !hasPath {
		command.Env = append(command.Env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	}
	err := command.Run()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, pluginError(filepath.Base(path), err, stdout.Bytes(), stderr.Bytes())
	}
	return stdout.Bytes(), nil
}

// pluginError is what a plugin says of its failure: an error in JSON on its
// stdout, if it keeps to the protocol.
func pluginError(plugin string, err error, stdout, stderr []byte) error {
	var told types.Error
	if json.Unmarshal(stdout, &told) == nil && told.Msg != "" {
		return &told
	}
	said := strings.TrimSpace(string(bytes.TrimSpace(stdout)) + " " + string(bytes.TrimSpace(stderr)))
	const most = 1000
	if len(said) > most {
		said = said[:most] + "..."
	}
	return fmt.Errorf("%s: %w: %q", plugin, err, said)
}

// explained keeps an interruption recognisable.
func explained(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, os.ErrDeadlineExceeded) {
		return mesos.Errorf(mesos.Unavailable, "interrupted")
	}
	return err
}

// inOrder sorts networks by their interfaces.
func inOrder(list []*attachment) {
	slices.SortFunc(list, func(a, b *attachment) int {
		return cmp.Or(cmp.Compare(len(a.ifName), len(b.ifName)), strings.Compare(a.ifName, b.ifName))
	})
}
