package master

import (
	"math"
	"slices"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func (c *cluster) updateWeights(role string, weight float64) error {
	c.t.Helper()
	return c.asked(func(id RequestID) Input {
		return UpdateWeights{Request: id, Weights: []*mesospb.WeightInfo{{Role: &role, Weight: &weight}}}
	})
}

func TestWrongWeightsAreRefused(t *testing.T) {
	// covers: DynamicWeightsTest.ZeroWeight
	// covers: DynamicWeightsTest.NegativeWeight
	// covers: DynamicWeightsTest.MissingRole
	// covers: DynamicWeightsTest.UnknownRole
	// covers: DynamicWeightsTest.UpdateWeightsWithExplictRoles
	config := testConfig()
	config.Roles = map[string]bool{"dev": true}
	c := newCluster(t, config, Recovered{})
	for _, weight := range []float64{0, -2, math.NaN(), math.Inf(1), 1e300} {
		says(t, c.updateWeights("dev", weight), mesos.Invalid, "role dev", "not a positive number")
	}
	for _, role := range []string{"", " ", "/dev", "a b"} {
		says(t, c.updateWeights(role, 2), mesos.Invalid, "role")
	}
	says(t, c.updateWeights("other", 2), mesos.Invalid, "other", "whitelist")
	if len(c.weights) != 0 {
		t.Errorf("weights are %v", c.weights)
	}
	granted(t, c.updateWeights(" dev ", 2))
	if c.views.weights["dev"] != 2 {
		t.Errorf("readers see %v", c.views.weights)
	}
}

func TestANewWeightSharesOutEverythingAnew(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	c.connectAllocator(1)
	here := c.agent(1, "cpus:4;mem:1024")
	dev, prod := c.subscribe("s1", frameworkInfo(multiRole("dev"))), c.subscribe("s2", frameworkInfo(multiRole("prod")))
	c.offerTo(dev, here, "dev", "cpus:1")
	c.offerTo(prod, here, "prod", "cpus:1")
	granted(t, c.updateWeights("other", 3))
	if got := c.rescinded(); len(got) > 0 {
		t.Errorf("%v were rescinded for a role that nobody has", got)
	}
	granted(t, c.updateWeights("prod", 3))
	if got := c.rescinded(); !slices.Equal(got, []string{"M-O0", "M-O1"}) {
		t.Errorf("%v were rescinded", got)
	}
	if c.told.weights["prod"] != 3 {
		t.Errorf("the allocator was told %v", c.told.weights)
	}
}

func TestConfiguredWeightsAreThoseOfANewCluster(t *testing.T) {
	// https://mesos.apache.org/documentation/latest/weights/
	config := testConfig()
	config.Weights = map[string]float64{"dev": 2}
	c := newCluster(t, config, Recovered{})
	c.connectAllocator(1)
	var keys []string
	for _, e := range c.take() {
		if e, ok := e.(WriteRegistry); ok {
			for _, w := range e.Writes {
				keys = append(keys, w.Key)
			}
		}
	}
	if !slices.Equal(keys, []string{"weights/dev"}) || c.told.weights["dev"] != 2 || c.views.weights["dev"] != 2 {
		t.Errorf("written %v, the allocator was told %v, readers see %v", keys, c.told.weights, c.views.weights)
	}
	later := newCluster(t, config, Recovered{Weights: map[string]float64{"prod": 3}})
	later.connectAllocator(1)
	if later.told.weights["prod"] != 3 || len(later.told.weights) != 1 {
		t.Errorf("of a cluster that has weights the allocator was told %v", later.told.weights)
	}
}
