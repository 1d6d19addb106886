package network

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/containernetworking/cni/libcni"
	current "github.com/containernetworking/cni/pkg/types/100"
	"github.com/containernetworking/cni/pkg/types/create"

	"github.com/mesosctl/mesosctl/internal/whole"
)

// cniDir is where a runtime or work directory has what is known of containers'
// networks, laid out as Mesos does:
//
//	CONTAINER/ns                          the network namespace, bound here
//	CONTAINER/hosts, hostname, resolv.conf  its files of /etc
//	CONTAINER/NETWORK/network.conf        what the plugins were told
//	CONTAINER/NETWORK/ethN/network.info   what they said
const cniDir = "isolators/network/cni"

// RootDir is the directory below an agent's runtime directory or, to last longer
// than the machine runs, its work directory.
func RootDir(dir string) string { return filepath.Join(dir, cniDir) }

// store is what is kept of one container's networks.
type store string

func (s store) path(name string) string { return filepath.Join(string(s), name) }
func (s store) namespace() string       { return s.path("ns") }

// state is where the plugins' own notes on an interface are.
func (s store) state(network, ifName string) string {
	return filepath.Join(string(s), network, ifName)
}

// writeConfig notes what the plugins of a network are going to be told.
func (s store) writeConfig(a *attachment) error {
	if err := os.MkdirAll(s.state(a.config.Name, a.ifName), 0o700); err != nil {
		return err
	}
	return whole.Write(filepath.Join(string(s), a.config.Name, "network.conf"), a.config.Bytes, 0o600)
}

// writeResult notes what they said.
func (s store) writeResult(a *attachment) error {
	data, err := json.Marshal(a.result)
	if err != nil {
		return err
	}
	return whole.Write(filepath.Join(s.state(a.config.Name, a.ifName), "network.info"), data, 0o600)
}

// attachments reads what was noted of a container, in the order of their
// interfaces. A network whose plugins were never run is not among them; one that
// they did not answer for has no result.
func (s store) attachments() ([]*attachment, error) {
	entries, err := os.ReadDir(string(s))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []*attachment
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		found, err := s.attachment(entry.Name())
		if err != nil {
			return nil, fmt.Errorf("network %q: %w", entry.Name(), err)
		}
		if found != nil {
			list = append(list, found)
		}
	}
	inOrder(list)
	return list, nil
}

func (s store) attachment(network string) (*attachment, error) {
	data, err := os.ReadFile(filepath.Join(string(s), network, "network.conf"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	a := &attachment{}
	if a.config, err = libcni.NetworkConfFromBytes(data); err != nil {
		return nil, err
	}
	if len(a.config.Plugins) == 0 {
		return nil, errors.New("no plugins in its network.conf")
	}
	if a.info, err = asked(a.config); err != nil {
		return nil, err
	}
	interfaces, err := os.ReadDir(filepath.Join(string(s), network))
	if err != nil {
		return nil, err
	}
	for _, entry := range interfaces {
		if entry.IsDir() {
			a.ifName = entry.Name()
		}
	}
	if a.ifName == "" {
		return nil, nil // detached already
	}
	said, err := os.ReadFile(filepath.Join(s.state(network, a.ifName), "network.info"))
	if err != nil {
		return a, nil // the agent died before it was written
	}
	result, err := create.CreateFromBytes(said)
	if err != nil {
		return nil, err
	}
	a.result, err = current.NewResultFromResult(result)
	return a, err
}
