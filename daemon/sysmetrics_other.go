//go:build !linux

package daemon

import (
	"runtime"

	"github.com/mesosctl/mesosctl/httpapi"
)

// systemMetrics are the gauges of the machine. A value that can't be read is absent.
func systemMetrics() []httpapi.Metric {
	return []httpapi.Metric{{Name: "system/cpus_total", Value: float64(runtime.NumCPU())}}
}
