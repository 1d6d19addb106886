package allocator

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/mesos/allocation"
)

// updateWeights sets weights of roles. As in Mesos they show in what is offered
// from now on; nothing is offered because of them.
// See https://mesos.apache.org/documentation/latest/weights/.
func (al *Allocator) updateWeights(in allocation.UpdateWeights) {
	for _, role := range slices.Sorted(maps.Keys(in.Weights)) {
		weight := in.Weights[role]
		if err := allocation.CheckWeight(role, weight); err != nil {
			al.refuse("update weights: %w", err)
			continue
		}
		if al.weights == nil {
			al.weights = map[string]uint64{}
		}
		if al.weights[role] = max(1, uint64(math.Round(weight*unitWeight))); al.weights[role] == unitWeight {
			delete(al.weights, role)
		}
	}
	for c := range al.clients {
		if cl := &al.clients[c]; cl.role != "" {
			al.weigh(cl.role)
		}
	}
	al.tree.stale = true
}

// weigh gives the nodes of a role and of the roles above it their weights.
func (al *Allocator) weigh(role string) {
	id := root
	for end := 0; end < len(role); {
		rest := role[end:]
		name, _, _ := strings.Cut(rest, "/")
		id = al.tree.child(id, name)
		end += len(name)
		weight := al.weightOf(role[:end])
		if al.tree.nodes[id].weight != weight {
			al.tree.nodes[id].weight = weight
			al.tree.stale = true
		}
		end++
	}
}

// weightOf is the weight of a role, in millionths.
func (al *Allocator) weightOf(role string) uint64 {
	if weight, set := al.weights[role]; set {
		return weight
	}
	return unitWeight
}
