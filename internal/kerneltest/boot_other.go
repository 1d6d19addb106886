//go:build !linux

package main

// boot is for the kernel of the machine, which is Linux.
func boot() {}
