package image

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// GCConfig is when images are removed without anybody asking.
type GCConfig struct {
	// Headroom is the part of the disk, between 0 and 1, that is to be free.
	Headroom float64
	// Interval is how often to look.
	Interval time.Duration
	// Excluded are never removed.
	Excluded []*mesospb.Image
}

// ParseGCConfig reads --image_gc_config: JSON, or the path of a file of it, which
// may have "file://" before it. "" is nil.
func ParseGCConfig(value string) (*GCConfig, error) {
	if value == "" {
		return nil, nil //nolint:nilnil // nil is a configuration: none
	}
	data := []byte(value)
	if !strings.HasPrefix(strings.TrimSpace(value), "{") {
		var err error
		if data, err = os.ReadFile(strings.TrimPrefix(value, "file://")); err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "image_gc_config: %w", err)
		}
	}
	var c struct {
		Headroom *float64 `json:"image_disk_headroom"`
		Interval *struct {
			Nanoseconds int64 `json:"nanoseconds"`
		} `json:"image_disk_watch_interval"`
		Excluded []json.RawMessage `json:"excluded_images"`
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "image_gc_config: %w", err)
	}
	switch {
	case c.Headroom == nil:
		return nil, mesos.Errorf(mesos.Invalid, "image_gc_config: no image_disk_headroom")
	case *c.Headroom < 0 || *c.Headroom > 1:
		return nil, mesos.Errorf(mesos.Invalid, "image_gc_config: image_disk_headroom is %v, not between 0 and 1", *c.Headroom)
	case c.Interval == nil || c.Interval.Nanoseconds <= 0:
		return nil, mesos.Errorf(mesos.Invalid, "image_gc_config: no image_disk_watch_interval.nanoseconds above 0")
	}
	config := &GCConfig{Headroom: *c.Headroom, Interval: time.Duration(c.Interval.Nanoseconds)}
	for _, raw := range c.Excluded {
		image := &mesospb.Image{}
		if err := wire.UnmarshalJSON(raw, image); err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "image_gc_config: excluded_images: %w", err)
		}
		config.Excluded = append(config.Excluded, image)
	}
	return config, nil
}

// Watch removes images whenever too little of the disk is free, until its context
// ends. Without a GCConfig it returns at once.
func (p *Provisioner) Watch(ctx context.Context) {
	if p.config.GC != nil {
		p.watch(ctx, func() (float64, error) { return used(p.config.StoreDir) })
	}
}

func (p *Provisioner) watch(ctx context.Context, used func() (float64, error)) {
	tick := time.NewTicker(p.config.GC.Interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		part, err := used()
		if err == nil && part+p.config.GC.Headroom > 1 {
			p.config.Log.Info("removing images that nobody uses", "disk_used", fmt.Sprintf("%.0f%%", 100*part))
			err = p.Prune(nil)
		}
		if err != nil {
			p.config.Log.Warn("images were not removed", "err", err)
		}
	}
}
