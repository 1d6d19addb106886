package allocation

// Metric is one name and value of a master's /metrics/snapshot.
// See https://mesos.apache.org/documentation/latest/monitoring/.
type Metric struct {
	Name  string
	Value float64
}

// Counter is a policy that counts what it does. Metrics are asked for between two
// steps, and may be kept.
type Counter interface{ Metrics() []Metric }

// QueueMetrics are those of what waits for a policy.
func QueueMetrics(waiting int) []Metric {
	return []Metric{
		{"allocator/event_queue_dispatches", float64(waiting)},
		{"allocator/mesos/event_queue_dispatches", float64(waiting)}, // its older name
	}
}
