// Command coverage writes docs/COVERAGE.md: which behaviour that Apache Mesos
// tests is shown by which test here. Run it in the root of the repository:
//
//	go run ./internal/coverage
//
// It reads docs/behaviours.tsv (the behaviours: file, suite, test),
// docs/not-applicable.tsv (suite.test and the reason), and the lines
//
//	// covers: Suite.Test
//
// in the tests. It fails on names that are not in docs/behaviours.tsv.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "coverage:", err)
		os.Exit(1)
	}
}

// run does the work in the repository at root.
func run(root string) error {
	behaviours, err := readBehaviours(filepath.Join(root, "docs", "behaviours.tsv"))
	if err != nil {
		return err
	}
	reasons, err := readReasons(filepath.Join(root, "docs", "not-applicable.tsv"))
	if err != nil {
		return err
	}
	claims, err := scan(root)
	if err != nil {
		return err
	}
	if err := check(behaviours, reasons, claims); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, "docs", "COVERAGE.md"), report(behaviours, reasons, claims), 0o644)
}

// check returns an error for every name that is unknown, and for what is said
// to be shown and not applicable at once.
func check(behaviours []behaviour, reasons map[string]string, claims []claim) error {
	known := make(map[string]bool, len(behaviours))
	for _, b := range behaviours {
		known[b.name] = true
	}
	var errs []error
	for name := range reasons {
		if !known[name] {
			errs = append(errs, fmt.Errorf("docs/not-applicable.tsv: unknown behaviour %s", name))
		}
	}
	for _, c := range claims {
		if !known[c.name] {
			errs = append(errs, fmt.Errorf("%s:%d: unknown behaviour %s", c.file, c.line, c.name))
		}
		if _, ok := reasons[c.name]; ok {
			errs = append(errs, fmt.Errorf("%s:%d: %s is listed as not applicable", c.file, c.line, c.name))
		}
	}
	return errors.Join(errs...)
}
