package machine

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// loadScale is what the kernel multiplies loads by.
const loadScale = 1 << 16

// Load is how many processes wanted to run, on average over the last 5 and 15
// minutes.
func Load() (five, fifteen float64, err error) {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0, 0, fmt.Errorf("load of the machine: %w", err)
	}
	return float64(info.Loads[1]) / loadScale, float64(info.Loads[2]) / loadScale, nil
}
