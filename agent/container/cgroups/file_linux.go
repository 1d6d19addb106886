package cgroups

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// write sets a control file.
func write(dir, name, value string) error {
	file, err := os.OpenFile(dir+"/"+name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteString(value)
	return err
}

// read reads a control file.
func read(dir, name string) (string, error) {
	data, err := os.ReadFile(dir + "/" + name)
	return strings.TrimSuffix(string(data), "\n"), err
}

// number reads a control file that holds one number, or "max", which is the
// largest.
func number(dir, name string) (uint64, error) {
	text, err := read(dir, name)
	if err != nil {
		return 0, err
	}
	if text == "max" {
		return 1<<64 - 1, nil
	}
	return strconv.ParseUint(text, 10, 64)
}

// stat reads a control file with a name and a number on each line.
func stat(dir, name string) (map[string]uint64, error) {
	text, err := read(dir, name)
	if err != nil {
		return nil, err
	}
	values := map[string]uint64{}
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) == 2 {
			if value, err := strconv.ParseUint(fields[1], 10, 64); err == nil {
				values[fields[0]] = value
			}
		}
	}
	return values, nil
}

// numbers reads the pids or tids of a control file.
func numbers(dir, name string) ([]int, error) {
	text, err := read(dir, name)
	if err != nil {
		return nil, err
	}
	var list []int
	for _, field := range strings.Fields(text) {
		if n, err := strconv.Atoi(field); err == nil {
			list = append(list, n)
		}
	}
	return list, nil
}

// pick is what a map has of a name, or nil.
func pick(values map[string]uint64, name string) *uint64 {
	if value, ok := values[name]; ok {
		return &value
	}
	return nil
}

// The extended attributes that this package keeps on cgroups.
const (
	ownerMark   = "trusted.mesosctl.owner"
	devicesMark = "trusted.mesosctl.devices"
)

// mark writes an attribute of a cgroup.
func mark(dir, name, value string) error {
	return unix.Setxattr(dir, name, []byte(value), 0)
}

// marked reads an attribute of a cgroup; empty without one.
func marked(dir, name string) string {
	buffer := make([]byte, 4096)
	for {
		n, err := unix.Getxattr(dir, name, buffer)
		switch {
		case err == unix.ERANGE:
			buffer = make([]byte, 2*len(buffer))
		case err != nil:
			return ""
		default:
			return string(buffer[:n])
		}
	}
}
