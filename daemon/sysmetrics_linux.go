package daemon

import (
	"runtime"
	"syscall"

	"github.com/mesosctl/mesosctl/httpapi"
)

// systemMetrics are the gauges of the machine. A value that can't be read is absent.
func systemMetrics() []httpapi.Metric {
	metrics := []httpapi.Metric{{Name: "system/cpus_total", Value: float64(runtime.NumCPU())}}
	var info syscall.Sysinfo_t
	if err := syscall.Sysinfo(&info); err != nil {
		return metrics
	}
	const loadScale = 1 << 16 // of Sysinfo's fixed-point load averages
	unit := float64(info.Unit)
	return append(metrics,
		httpapi.Metric{Name: "system/load_1min", Value: float64(info.Loads[0]) / loadScale},
		httpapi.Metric{Name: "system/load_5min", Value: float64(info.Loads[1]) / loadScale},
		httpapi.Metric{Name: "system/load_15min", Value: float64(info.Loads[2]) / loadScale},
		httpapi.Metric{Name: "system/mem_total_bytes", Value: float64(info.Totalram) * unit},
		httpapi.Metric{Name: "system/mem_free_bytes", Value: float64(info.Freeram) * unit},
	)
}
