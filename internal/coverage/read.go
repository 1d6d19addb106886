package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// behaviour is one test of Mesos.
type behaviour struct {
	file string // of Mesos's tests
	name string // Suite.Test
}

// claim is one line that says that a test shows a behaviour.
type claim struct {
	name string // Suite.Test
	file string // with slashes, from the root
	line int
	test string // the Go function; "" in other files
}

// rows reads a table of tab-separated columns, with its line numbers.
func rows(path string, columns int, take func(row []string)) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for i, line := range strings.Split(strings.TrimRight(string(data), "\n"), "\n") {
		row := strings.Split(line, "\t")
		if len(row) != columns {
			return fmt.Errorf("%s:%d: %d columns, want %d", path, i+1, len(row), columns)
		}
		take(row)
	}
	return nil
}

func readBehaviours(path string) ([]behaviour, error) {
	var list []behaviour
	err := rows(path, 3, func(row []string) {
		if row[0] != "file" { // the heading
			list = append(list, behaviour{row[0], row[1] + "." + row[2]})
		}
	})
	return list, err
}

func readReasons(path string) (map[string]string, error) {
	reasons := map[string]string{}
	err := rows(path, 2, func(row []string) { reasons[row[0]] = row[1] })
	return reasons, err
}

// scan finds the claims in Go tests, in test scripts, and in everything under
// compat.
func scan(root string) ([]claim, error) {
	var claims []claim
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		relative = filepath.ToSlash(relative)
		if entry.IsDir() {
			if name := entry.Name(); name == "node_modules" || name == "vendor" || name == "bin" || relative == "internal/coverage" ||
				strings.HasPrefix(name, ".") && name != "." {
				return fs.SkipDir
			}
			return nil
		}
		var found []claim
		switch inCompat := strings.HasPrefix(relative, "compat/"); {
		case strings.HasSuffix(relative, "_test.go"):
			found, err = scanGo(path, relative)
		case strings.HasSuffix(relative, ".txtar"), inCompat && isScript(relative):
			found, err = scanText(path, relative)
		}
		claims = append(claims, found...)
		return err
	})
	return claims, err
}

func isScript(path string) bool {
	switch filepath.Ext(path) {
	case ".go", ".js", ".mjs", ".ts", ".sh", ".txt":
		return true
	}
	return false
}

// claimed is the behaviour that a line of comment names, or "".
func claimed(line string) string {
	text := strings.TrimSpace(line)
	text = strings.TrimSpace(strings.TrimLeft(text, "/#"))
	name, ok := strings.CutPrefix(text, "covers:")
	if !ok {
		return ""
	}
	return strings.TrimSpace(name)
}

func scanText(path, relative string) ([]claim, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var claims []claim
	for i, line := range strings.Split(string(data), "\n") {
		isComment := strings.HasPrefix(strings.TrimSpace(line), "//") || strings.HasPrefix(strings.TrimSpace(line), "#")
		if name := claimed(line); isComment && name != "" {
			claims = append(claims, claim{name: name, file: relative, line: i + 1})
		}
	}
	return claims, nil
}

func scanGo(path, relative string) ([]claim, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var claims []claim
	for _, group := range file.Comments {
		for _, comment := range group.List {
			name := claimed(comment.Text)
			if name == "" || !strings.HasPrefix(comment.Text, "//") {
				continue
			}
			line := files.Position(comment.Pos()).Line
			test := functionOf(file, comment)
			if test == "" {
				return nil, fmt.Errorf("%s:%d: %s is claimed by no test: the line belongs above a test or inside it", relative, line, name)
			}
			claims = append(claims, claim{name, relative, line, test})
		}
	}
	return claims, nil
}

// functionOf is the name of the test, benchmark or fuzz test whose
// documentation or body has a comment, or "".
func functionOf(file *ast.File, comment *ast.Comment) string {
	for _, declaration := range file.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok || !isTest(function.Name.Name) {
			continue
		}
		start := function.Pos()
		if function.Doc != nil {
			start = function.Doc.Pos()
		}
		if start <= comment.Pos() && comment.End() <= function.End() {
			return function.Name.Name
		}
	}
	return ""
}

func isTest(name string) bool {
	return strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Benchmark") || strings.HasPrefix(name, "Fuzz")
}
