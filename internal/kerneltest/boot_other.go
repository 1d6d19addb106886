//go:build !linux

package main

// What is done in the machine is for its kernel, which is Linux.

func boot() {}

func runPlan() {}
