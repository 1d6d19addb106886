package daemonflags

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"

	"github.com/mesosctl/mesosctl/daemon"
	"github.com/mesosctl/mesosctl/mesos"
)

// rateLimits reads Mesos's RateLimits.
// https://mesos.apache.org/documentation/latest/framework-rate-limiting/
func rateLimits(to **daemon.RateLimits) func(string) error {
	return func(text string) (err error) {
		*to = nil
		if text != "" {
			*to, err = parseRateLimits([]byte(text))
		}
		return err
	}
}

func parseRateLimits(text []byte) (*daemon.RateLimits, error) {
	var file struct {
		Limits []struct {
			Principal string   `json:"principal"`
			QPS       *float64 `json:"qps"`
			Capacity  *uint64  `json:"capacity"`
		} `json:"limits"`
		DefaultQPS      *float64 `json:"aggregate_default_qps"`
		DefaultCapacity *uint64  `json:"aggregate_default_capacity"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "rate limits: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, mesos.Errorf(mesos.Invalid, "rate limits: there is more after the JSON object")
	}
	limits := &daemon.RateLimits{Principals: make(map[string]daemon.RateLimit)}
	for i, l := range file.Limits {
		if l.Principal == "" {
			return nil, mesos.Errorf(mesos.Invalid, "rate limits: limits[%d].principal: it is missing", i)
		}
		if _, twice := limits.Principals[l.Principal]; twice {
			return nil, mesos.Errorf(mesos.Invalid, "rate limits: limits[%d].principal: %q is there twice", i, l.Principal)
		}
		limit, err := rateLimit(l.QPS, l.Capacity)
		if err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "rate limits: limits[%d].qps: %w", i, err)
		}
		limits.Principals[l.Principal] = limit
	}
	var err error
	if limits.Default, err = rateLimit(file.DefaultQPS, file.DefaultCapacity); err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "rate limits: aggregate_default_qps: %w", err)
	}
	return limits, nil
}

func rateLimit(qps *float64, capacity *uint64) (daemon.RateLimit, error) {
	limit := daemon.RateLimit{Capacity: -1}
	if capacity != nil {
		limit.Capacity = int(min(*capacity, math.MaxInt32))
	}
	if qps == nil {
		return limit, nil
	}
	if limit.PerSecond = *qps; !(*qps > 0) {
		return limit, mesos.Errorf(mesos.Invalid, "%v is not a rate over 0", *qps)
	}
	return limit, nil
}
