//go:build !linux

package rootfs

func byName() map[string]trying { return nil }
