package master

import (
	"maps"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// The weights of roles. Those of the configuration are written to the registry
// when the cluster begins; from then on what the registry has counts.
// https://mesos.apache.org/documentation/latest/weights/

// updateWeights sets the weights of roles, durably.
func (m *Master) updateWeights(in UpdateWeights) {
	changes, err := m.readWeights(in.Weights)
	if err == nil {
		err = m.mayUpdate(in.Principal, acl.UpdateWeight, "weight", sortedKeys(changes))
	}
	if err != nil || len(changes) == 0 {
		m.emit(Reply{Request: in.Request, Err: err})
		return
	}
	m.write(putWeights(changes), func() {
		maps.Copy(m.weights, changes)
		m.allocate(allocation.UpdateWeights{Weights: changes})
		for _, role := range sortedKeys(changes) {
			m.emit(PutWeight{Role: role, Weight: changes[role]})
			m.log(LogInfo, "weight set", "role", role, "weight", changes[role], "principal", in.Principal)
		}
		if m.anySubscribed(changes) {
			m.rescindAll()
		}
		m.emit(Reply{Request: in.Request})
	})
}

// readWeights checks weights. Of several for one role the last counts.
func (m *Master) readWeights(infos []*mesospb.WeightInfo) (map[string]float64, error) {
	weights := make(map[string]float64, len(infos))
	for _, info := range infos {
		role := strings.TrimSpace(info.GetRole())
		if err := allocation.CheckWeight(role, info.GetWeight()); err != nil {
			return nil, err
		}
		if err := m.checkWhitelisted(role); err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "weight: %w", err)
		}
		weights[role] = info.GetWeight()
	}
	return weights, nil
}

// checkWhitelisted checks a role against --roles.
func (m *Master) checkWhitelisted(role string) error {
	if m.config.Roles != nil && !m.config.Roles[role] {
		return mesos.Errorf(mesos.Invalid, "role %s is not on the whitelist of roles", role)
	}
	return nil
}

// anySubscribed reports whether any framework has one of the roles.
func (m *Master) anySubscribed(roles map[string]float64) bool {
	for _, f := range m.frameworks {
		for role := range roles {
			if f.hasRole(role) {
				return true
			}
		}
	}
	return false
}

// rescindAll rescinds every offer, so that everything can be shared out anew.
func (m *Master) rescindAll() {
	for _, id := range sortedKeys(m.agents) {
		for _, o := range offersInOrder(m.agents[id].offers) {
			m.rescind(o)
		}
	}
}

// startWeights settles which weights the term begins with.
func (m *Master) startWeights() {
	switch {
	case len(m.config.Weights) == 0:
	case !m.weightsRecovered:
		m.write(putWeights(m.weights), func() {})
	case !maps.Equal(m.weights, m.config.Weights):
		m.log(LogWarn, "the configured weights are ignored: the registry has others, which UPDATE_WEIGHTS changes")
	}
	for _, role := range sortedKeys(m.weights) {
		m.emit(PutWeight{Role: role, Weight: m.weights[role]})
	}
}
