// Package programs tells what programs of this machine take along to another root
// file system. Tests and machines for tests are made of them.
package programs

import (
	"debug/elf"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Libraries are the files that a program is loaded with: its interpreter and, where
// this machine has them, its libraries and all of theirs. A script has none.
func Libraries(path string) ([]string, error) {
	var found []string
	err := add(&found, path)
	return found, err
}

func add(found *[]string, path string) error {
	file, err := elf.Open(path)
	if script := (*elf.FormatError)(nil); errors.As(err, &script) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	for _, program := range file.Progs {
		if program.Type != elf.PT_INTERP {
			continue
		}
		interpreter := make([]byte, program.Filesz)
		if _, err := program.ReadAt(interpreter, 0); err != nil {
			return fmt.Errorf("interpreter of %s: %w", path, err)
		}
		*found = append(*found, strings.TrimRight(string(interpreter), "\x00"))
	}
	needed, err := file.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("libraries of %s: %w", path, err)
	}
	for _, name := range needed {
		library := find(name)
		switch {
		case library == "":
			return fmt.Errorf("%s needs %s, which isn't found", path, name)
		case slices.Contains(*found, library):
			continue
		}
		*found = append(*found, library)
		if err := add(found, library); err != nil {
			return err
		}
	}
	return nil
}

func find(library string) string {
	for _, dir := range []string{"/lib/*-linux-*/", "/usr/lib/*-linux-*/", "/lib64/", "/usr/lib64/", "/lib/", "/usr/lib/"} {
		if matches, _ := filepath.Glob(dir + library); len(matches) > 0 {
			return matches[0]
		}
	}
	return ""
}
