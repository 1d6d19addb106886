package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// suite is the tests of one package.
type suite struct {
	pkg   string // import path
	short string // without the module's
	dir   string // of its source
	file  string // the binary
	run   string // pattern of the tests
}

// kernelFile is what the names of files end with whose tests a kernel decides.
const kernelFile = "_linux_test.go"

var testFunc = regexp.MustCompile(`(?m)^func (Test\w+)\(\w+ \*testing\.T\)`)

// find finds packages and their tests: those of a pattern, or else those that a
// kernel decides. Packages without any are left out.
func find(patterns []string, run string) (suites []*suite, err error) {
	format := "{{.ImportPath}}\t{{.Module.Path}}\t{{.Dir}}\t{{join .TestGoFiles \",\"}},{{join .XTestGoFiles \",\"}}"
	list := exec.Command("go", append([]string{"list", "-f", format}, patterns...)...)
	list.Stderr = os.Stderr
	output, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	for line := range strings.Lines(string(output)) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		s := &suite{pkg: fields[0], dir: fields[2], run: run}
		s.short = strings.TrimPrefix(strings.TrimPrefix(s.pkg, fields[1]), "/")
		files := strings.FieldsFunc(fields[3], func(r rune) bool { return r == ',' })
		if run == "" {
			if s.run, err = kernelTests(s.dir, files); err != nil {
				return nil, err
			}
		}
		if len(files) > 0 && s.run != "" {
			suites = append(suites, s)
		}
	}
	if suites == nil {
		return nil, fmt.Errorf("there is no test in %s", strings.Join(patterns, " "))
	}
	return suites, nil
}

// kernelTests is a pattern of the tests that a kernel decides.
func kernelTests(dir string, files []string) (string, error) {
	var names []string
	for _, file := range files {
		if !strings.HasSuffix(file, kernelFile) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return "", err
		}
		for _, match := range testFunc.FindAllSubmatch(data, -1) {
			names = append(names, string(match[1]))
		}
	}
	if names == nil {
		return "", nil
	}
	return "^(" + strings.Join(names, "|") + ")$", nil
}

// build builds the tests' binaries, two at a time: linking takes one processor.
func build(dir string, suites []*suite) error {
	var wg sync.WaitGroup
	errs := make([]error, len(suites))
	turns := make(chan struct{}, 2)
	for i, s := range suites {
		s.file = filepath.Join(dir, strconv.Itoa(i)+".test")
		wg.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			command := exec.Command("go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-o", s.file, s.pkg)
			command.Env = append(os.Environ(), "CGO_ENABLED=0")
			command.Stdout, command.Stderr = os.Stderr, os.Stderr
			errs[i] = command.Run()
		})
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return fmt.Errorf("build the tests of %s: %w", suites[i].pkg, err)
		}
	}
	return nil
}
