package maintenance

import (
	"context"
	"net"
	"strings"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/kinds/pick"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// find finds the machines that names mean: those of agents, those that are
// planned for already, or else what is written out as HOSTNAME/IP.
func find(ctx context.Context, c *client.Client, texts []string) ([]*mesospb.MachineID, error) {
	all, err := c.Agents(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := c.Call(ctx, &masterpb.Call{Type: masterpb.Call_GET_MAINTENANCE_SCHEDULE.Enum()})
	if err != nil {
		return nil, err
	}
	var planned []*mesospb.MachineID
	for _, w := range answer.GetGetMaintenanceSchedule().GetSchedule().GetWindows() {
		planned = append(planned, w.GetMachineIds()...)
	}
	machines := make([]*mesospb.MachineID, len(texts))
	for i, text := range texts {
		if machines[i], err = machine(all, planned, text); err != nil {
			return nil, err
		}
	}
	return machines, nil
}

func machine(all *masterpb.Response_GetAgents, planned []*mesospb.MachineID, text string) (*mesospb.MachineID, error) {
	for _, id := range planned {
		if text == id.GetHostname() || text == id.GetIp() || text == name(id) {
			return id, nil
		}
	}
	if host, ip, ok := strings.Cut(text, "/"); ok {
		if net.ParseIP(ip) == nil {
			return nil, mesos.Errorf(mesos.Invalid, "machine %q: %q is not an IP address", text, ip)
		}
		return &mesospb.MachineID{Hostname: &host, Ip: &ip}, nil
	}
	id, err := pick.Agent(all, text)
	if err != nil {
		return nil, err
	}
	for _, agent := range all.GetAgents() {
		if agent.GetAgentInfo().GetId().GetValue() == string(id) {
			return machineOf(agent), nil
		}
	}
	return nil, mesos.Errorf(mesos.NotFound, "agent %s is gone", id)
}

// machineOf is the machine of an agent: its hostname, and the address in its pid,
// as in slave(1)@10.0.0.1:5051.
func machineOf(agent *masterpb.Response_GetAgents_Agent) *mesospb.MachineID {
	host := agent.GetAgentInfo().GetHostname()
	id := &mesospb.MachineID{Hostname: &host}
	if _, address, ok := strings.Cut(agent.GetPid(), "@"); ok {
		if ip, _, err := net.SplitHostPort(address); err == nil {
			id.Ip = &ip
		}
	}
	return id
}

func name(id *mesospb.MachineID) string {
	if id.GetIp() == "" || id.GetHostname() == "" {
		return id.GetHostname() + id.GetIp()
	}
	return id.GetHostname() + "/" + id.GetIp()
}

func names(machines []*mesospb.MachineID) string {
	var list []string
	for _, id := range machines {
		list = append(list, name(id))
	}
	return strings.Join(list, ", ")
}
