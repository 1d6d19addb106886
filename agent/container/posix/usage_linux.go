package posix

import (
	"bytes"
	"os"
	"strconv"
)

// measure reads /proc/PID/stat; see proc(5). Its clock ticks are 1/100 s on
// every machine that Go runs on.
func measure(pid int) (process, bool) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return process{}, false
	}
	// The second field is a name in parentheses that may itself hold any.
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	const (
		first                        = 3 // proc(5) numbers fields from 1
		utime, stime, cutime, cstime = 14, 15, 16, 17
		threads, rss                 = 20, 24
		ticksPerSec                  = 100
	)
	if len(fields) <= rss-first {
		return process{}, false
	}
	number := func(field int) uint64 {
		n, _ := strconv.ParseUint(string(fields[field-first]), 10, 64)
		return n
	}
	return process{
		userSecs:   float64(number(utime)+number(cutime)) / ticksPerSec,
		systemSecs: float64(number(stime)+number(cstime)) / ticksPerSec,
		rssBytes:   number(rss) * uint64(os.Getpagesize()),
		threads:    uint32(number(threads)),
	}, true
}
