// Crosscheck type-checks a package and all that it imports as the compiler would
// for other systems, in a few seconds where compiling takes minutes:
//
//	crosscheck PACKAGE GOOS/GOARCH...
//
// Cgo is off. Of other modules only the declarations are checked, not the bodies
// of functions.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: crosscheck PACKAGE GOOS/GOARCH...")
		os.Exit(2)
	}
	failed := false
	for _, system := range os.Args[2:] {
		if err := crosscheck(os.Args[1], system); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", system, err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

func crosscheck(pattern, system string) error {
	goos, goarch, ok := strings.Cut(system, "/")
	if !ok {
		return errors.New("a system is GOOS/GOARCH")
	}
	packages, err := list(pattern, "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
	if err != nil {
		return err
	}
	return newChecker(packages, goarch).check()
}
