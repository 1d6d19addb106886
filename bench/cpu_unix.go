//go:build unix

package bench

import (
	"syscall"
	"time"
)

// processor is the processor time that this process has used. What it says of a
// busy machine is nearer to the truth than a clock.
func processor() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
