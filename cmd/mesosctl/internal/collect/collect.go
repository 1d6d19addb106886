// Package collect has the first garbage collection wait for a heap of 16 MB instead of
// 4 MB. Most commands are over before, and one collection is a fifth of the processor
// time that they take. From then on it is as always.
//
// The package is imported for that alone. It imports next to nothing, which makes Go
// initialise it before those that fill the first megabytes.
package collect

import (
	"runtime"
	"runtime/debug"
)

func init() {
	const usual, late = 100, 400 // percent
	if before := debug.SetGCPercent(late); before != usual {
		debug.SetGCPercent(before) // somebody knows better (GOGC)
		return
	}
	// What nobody refers to is found by the first collection.
	runtime.AddCleanup(new([64]byte), func(percent int) { debug.SetGCPercent(percent) }, usual)
}
