package master

import (
	"sort"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/maintenancepb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
	"github.com/mesosctl/mesosctl/wire/registrypb"
)

// The layout of the registry: one key per object, under the registry's own
// prefix. The value is the protobuf encoding of the message named.
const (
	admittedPrefix    = "agents/"      // registrypb.AdmittedAgent
	unreachablePrefix = "unreachable/" // registrypb.UnreachableAgent
	gonePrefix        = "gone/"        // registrypb.GoneAgent
	weightPrefix      = "weights/"     // mesospb.WeightInfo
	quotaPrefix       = "quota/"       // quotapb.QuotaConfig
	maintenanceKey    = "maintenance"  // registrypb.Maintenance
)

// AdmittedKey is the registry key of an admitted agent.
func AdmittedKey(id mesos.AgentID) string { return admittedPrefix + string(id) }

// UnreachableKey is the registry key of an unreachable agent.
func UnreachableKey(id mesos.AgentID) string { return unreachablePrefix + string(id) }

// GoneKey is the registry key of an agent that was declared gone.
func GoneKey(id mesos.AgentID) string { return gonePrefix + string(id) }

// WeightKey is the registry key of a role's weight.
func WeightKey(role string) string { return weightPrefix + role }

// QuotaKey is the registry key of a role's quota.
func QuotaKey(role string) string { return quotaPrefix + role }

// DecodeRecovered turns the keys and values of the registry into what a Master
// is born with, ordered by agent ID. Keys of objects that this version does not
// know are left alone, so that a newer master's registry can be read.
func DecodeRecovered(keys map[string][]byte) (Recovered, error) {
	sorted := make([]string, 0, len(keys))
	for key := range keys {
		sorted = append(sorted, key)
	}
	sort.Strings(sorted)

	var r Recovered
	for _, key := range sorted {
		if err := r.add(key, keys[key]); err != nil {
			return Recovered{}, mesos.Errorf(mesos.Internal, "read registry: key %q: %w", key, err)
		}
	}
	return r, nil
}

// add decodes one key and its value.
func (r *Recovered) add(key string, value []byte) error {
	switch {
	case strings.HasPrefix(key, admittedPrefix):
		agent := new(registrypb.AdmittedAgent)
		if err := agent.UnmarshalVT(value); err != nil {
			return err
		}
		if AdmittedKey(mesos.AgentID(agent.GetInfo().GetId().GetValue())) != key {
			return mesos.Errorf(mesos.Internal, "the value is of agent %q", agent.GetInfo().GetId().GetValue())
		}
		r.Admitted = append(r.Admitted, agent)
	case strings.HasPrefix(key, unreachablePrefix):
		agent := new(registrypb.UnreachableAgent)
		if err := agent.UnmarshalVT(value); err != nil {
			return err
		}
		if UnreachableKey(mesos.AgentID(agent.GetId().GetValue())) != key {
			return mesos.Errorf(mesos.Internal, "the value is of agent %q", agent.GetId().GetValue())
		}
		r.Unreachable = append(r.Unreachable, agent)
	case strings.HasPrefix(key, gonePrefix):
		agent := new(registrypb.GoneAgent)
		if err := agent.UnmarshalVT(value); err != nil {
			return err
		}
		if GoneKey(mesos.AgentID(agent.GetId().GetValue())) != key {
			return mesos.Errorf(mesos.Internal, "the value is of agent %q", agent.GetId().GetValue())
		}
		r.Gone = append(r.Gone, agent)
	case strings.HasPrefix(key, weightPrefix):
		return r.addWeight(key, value)
	case strings.HasPrefix(key, quotaPrefix):
		return r.addQuota(key, value)
	case key == maintenanceKey:
		return r.addMaintenance(value)
	}
	return nil
}

func (r *Recovered) addWeight(key string, value []byte) error {
	info := new(mesospb.WeightInfo)
	if err := info.UnmarshalVT(value); err != nil {
		return err
	}
	role, weight := info.GetRole(), info.GetWeight()
	if WeightKey(role) != key {
		return mesos.Errorf(mesos.Internal, "the value is of role %q", role)
	}
	if err := allocation.CheckWeight(role, weight); err != nil {
		return err
	}
	if r.Weights == nil {
		r.Weights = make(map[string]float64)
	}
	r.Weights[role] = weight
	return nil
}

func (r *Recovered) addQuota(key string, value []byte) error {
	config := new(quotapb.QuotaConfig)
	if err := config.UnmarshalVT(value); err != nil {
		return err
	}
	role := config.GetRole()
	if QuotaKey(role) != key {
		return mesos.Errorf(mesos.Internal, "the value is of role %q", role)
	}
	q, err := convert.Quota(config)
	if err == nil {
		err = q.Check(role)
	}
	if err != nil {
		return err
	}
	if r.Quotas == nil {
		r.Quotas = make(map[string]allocation.Quota)
	}
	r.Quotas[role] = q
	return nil
}

// putWeights are the writes that set weights.
func putWeights(weights map[string]float64) []RegistryWrite {
	writes := make([]RegistryWrite, 0, len(weights))
	for _, role := range sortedKeys(weights) {
		info := &mesospb.WeightInfo{Role: &role, Weight: new(weights[role])}
		writes = append(writes, RegistryWrite{Key: WeightKey(role), Value: mustMarshal(info)})
	}
	return writes
}

// putQuotas are the writes that set quotas; the zero quota is deleted.
func putQuotas(quotas map[string]allocation.Quota) []RegistryWrite {
	writes := make([]RegistryWrite, 0, len(quotas))
	for _, role := range sortedKeys(quotas) {
		write := RegistryWrite{Key: QuotaKey(role)}
		if q := quotas[role]; !noQuota(q) {
			value, err := proto.MarshalOptions{Deterministic: true}.Marshal(convert.QuotaToWire(role, q)) // it has maps
			if err != nil {
				panic("master: encode registry value: " + err.Error())
			}
			write.Value = value
		}
		writes = append(writes, write)
	}
	return writes
}

// addMaintenance decodes what is planned, and checks it as if it were new.
func (r *Recovered) addMaintenance(value []byte) error {
	r.Maintenance = new(registrypb.Maintenance)
	if err := r.Maintenance.UnmarshalVT(value); err != nil {
		return err
	}
	_, err := newMaintenance(r.Maintenance.GetSchedule(), machineSet(r.Maintenance.GetDown()))
	return err
}

func machineSet(list []*mesospb.MachineID) map[machineID]bool {
	set := make(map[machineID]bool, len(list))
	for _, id := range list {
		set[machineOf(id)] = true
	}
	return set
}

// recoveredMaintenance is what the registry had. It was checked when it was read.
func recoveredMaintenance(r *registrypb.Maintenance) *maintenance {
	if r == nil {
		r = &registrypb.Maintenance{Schedule: new(maintenancepb.Schedule)}
	}
	recovered, err := newMaintenance(r.GetSchedule(), machineSet(r.GetDown()))
	if err != nil {
		panic("master: recovered maintenance: " + err.Error())
	}
	return recovered
}

// putMaintenance is the write that replaces the maintenance; none is deleted.
func putMaintenance(p *maintenance) RegistryWrite {
	write := RegistryWrite{Key: maintenanceKey}
	if len(p.outages) > 0 {
		stored := &registrypb.Maintenance{Schedule: p.schedule}
		for _, id := range sortedMachines(p.down) {
			stored.Down = append(stored.Down, id.wire())
		}
		write.Value = mustMarshal(stored)
	}
	return write
}

// putAdmitted is the write that admits an agent, or replaces its description.
func putAdmitted(info *mesospb.AgentInfo, standing *registrypb.Standing) RegistryWrite {
	agent := &registrypb.AdmittedAgent{Info: info, Standing: standing}
	return RegistryWrite{
		Key:   AdmittedKey(mesos.AgentID(info.GetId().GetValue())),
		Value: mustMarshal(agent),
	}
}

// putUnreachable is the write that records since when an agent is unreachable.
func putUnreachable(id mesos.AgentID, since *mesospb.TimeInfo, standing *registrypb.Standing) RegistryWrite {
	agent := &registrypb.UnreachableAgent{Id: wireAgentID(id), Since: since, Standing: standing}
	return RegistryWrite{Key: UnreachableKey(id), Value: mustMarshal(agent)}
}

// putGone is the write that records since when an agent is gone.
func putGone(id mesos.AgentID, since *mesospb.TimeInfo) RegistryWrite {
	agent := &registrypb.GoneAgent{Id: wireAgentID(id), Since: since}
	return RegistryWrite{Key: GoneKey(id), Value: mustMarshal(agent)}
}

// mustMarshal encodes a message that the master made itself or has validated;
// a missing required field is a broken invariant.
func mustMarshal(m interface{ MarshalVT() ([]byte, error) }) []byte {
	value, err := m.MarshalVT()
	if err != nil {
		panic("master: encode registry value: " + err.Error())
	}
	return value
}

func wireAgentID(id mesos.AgentID) *mesospb.AgentID {
	value := string(id)
	return &mesospb.AgentID{Value: &value}
}
