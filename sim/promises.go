package sim

import (
	"bytes"
	"maps"
	"slices"
)

// checkShadow: what a term knows of the registry, because it read it and because
// its writes were acknowledged since, is what the registry holds, as long as the
// term leads and nothing is being written.
func (c *cluster) checkShadow(l *leader) {
	if l.writing || c.leading() != l {
		return
	}
	if !maps.EqualFunc(l.shadow, c.etcd.keys, bytes.Equal) {
		c.fail("%s: its registry is %v, but the store's is %v", l.name,
			slices.Sorted(maps.Keys(l.shadow)), slices.Sorted(maps.Keys(c.etcd.keys)))
	}
}
