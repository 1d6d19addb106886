package machine

import (
	"bytes"
	"os"
)

// BootID names this boot of the machine; empty if that is not known.
func BootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(id))
}
