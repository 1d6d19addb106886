//go:build !windows

package daemonflags

import "github.com/mesosctl/mesosctl/daemon"

// Local is the configuration of a cluster in one process, on free ports of this
// machine, with short waits: nothing there is far away.
func Local() daemon.LocalConfig {
	m, a := NewMaster(), NewAgent()
	m.Config.Port, a.Config.Port = 0, 0
	m.Config.EtcdFast, a.Config.Images.Anyway = true, true
	m.Config.Flags, a.Config.Flags = m.Table.Effective(), a.Table.Effective()
	return daemon.LocalConfig{Agents: 1, Master: m.Config, Agent: a.Config}
}
