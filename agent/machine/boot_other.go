//go:build !linux

package machine

// BootID names this boot of the machine; empty if that is not known.
func BootID() string { return "" }
