package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// listed is what `go list` says of a package.
type listed struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
	ImportMap  map[string]string // what an import in the source means, where that is another path
	Module     *struct{ Main bool }
}

// list is the packages of a pattern and all that they import, what is imported
// before what imports it.
func list(pattern string, environment ...string) ([]*listed, error) {
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Dir,GoFiles,Imports,ImportMap,Module", pattern)
	cmd.Env = append(os.Environ(), environment...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var all []*listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		p := new(listed)
		if err := dec.Decode(p); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		all = append(all, p)
	}
}

// checker checks packages, several at a time, each as soon as what it imports is.
type checker struct {
	packages []*listed
	sizes    types.Sizes
	files    *token.FileSet
	turns    chan struct{} // as many as may work at once
	checked  map[string]*result
}

// result is final once done is closed.
type result struct {
	done chan struct{}
	pkg  *types.Package
	err  error
}

func newChecker(packages []*listed, goarch string) *checker {
	c := &checker{
		packages: packages,
		sizes:    types.SizesFor("gc", goarch),
		files:    token.NewFileSet(),
		turns:    make(chan struct{}, runtime.GOMAXPROCS(0)),
		checked:  make(map[string]*result, len(packages)),
	}
	for _, p := range packages {
		c.checked[p.ImportPath] = &result{done: make(chan struct{})}
	}
	return c
}

// check returns the errors of all packages.
func (c *checker) check() error {
	for _, p := range c.packages {
		go func() {
			r := c.checked[p.ImportPath]
			defer close(r.done)
			r.pkg, r.err = c.one(p)
		}()
	}
	var errs []error
	for _, p := range c.packages {
		r := c.checked[p.ImportPath]
		<-r.done
		errs = append(errs, r.err)
	}
	return errors.Join(errs...)
}

func (c *checker) one(p *listed) (*types.Package, error) {
	if p.ImportPath == "unsafe" {
		return types.Unsafe, nil
	}
	for _, path := range p.Imports {
		if imported := c.checked[path]; imported != nil {
			<-imported.done
		}
	}
	c.turns <- struct{}{}
	defer func() { <-c.turns }()

	files, err := c.parse(p)
	if err != nil {
		return nil, err
	}
	var errs []error
	config := types.Config{
		Importer:         importer(func(path string) (*types.Package, error) { return c.imported(p, path) }),
		Sizes:            c.sizes,
		IgnoreFuncBodies: p.Module == nil || !p.Module.Main,
		Error:            func(err error) { errs = append(errs, err) },
	}
	pkg, _ := config.Check(p.ImportPath, c.files, files, nil)
	return pkg, errors.Join(errs...)
}

func (c *checker) parse(p *listed) ([]*ast.File, error) {
	files := make([]*ast.File, 0, len(p.GoFiles))
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(c.files, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// imported is what a path in the source of p means.
func (c *checker) imported(p *listed, path string) (*types.Package, error) {
	if mapped, ok := p.ImportMap[path]; ok {
		path = mapped
	}
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	r := c.checked[path]
	if r == nil {
		return nil, fmt.Errorf("%s is not listed", path)
	}
	if r.pkg == nil {
		return nil, fmt.Errorf("%s has errors", path)
	}
	return r.pkg, nil
}

// importer is a types.Importer.
type importer func(path string) (*types.Package, error)

func (f importer) Import(path string) (*types.Package, error) { return f(path) }
