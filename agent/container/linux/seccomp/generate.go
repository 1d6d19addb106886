//go:build ignore

// This program writes syscalls.tsv: the numbers of system calls, as
// golang.org/x/sys/unix has them.
package main

import (
	"fmt"
	"log"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var architectures = []string{"amd64", "386", "arm64", "arm", "riscv64", "ppc64le", "s390x"}

func main() {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/sys").Output()
	if err != nil {
		log.Fatal(err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "unix")
	constant := regexp.MustCompile(`(?m)^\s*SYS_(\w+)\s+=\s+(\d+)`)
	numbers := map[string]map[string]string{}
	for _, arch := range architectures {
		source, err := os.ReadFile(filepath.Join(dir, "zsysnum_linux_"+arch+".go"))
		if err != nil {
			log.Fatal(err)
		}
		for _, m := range constant.FindAllStringSubmatch(string(source), -1) {
			name := strings.ToLower(m[1])
			if numbers[name] == nil {
				numbers[name] = map[string]string{}
			}
			numbers[name][arch] = m[2]
		}
	}
	// Linux on arm has system calls of its own that are not in the list.
	for name, number := range map[string]string{"breakpoint": "983041", "cacheflush": "983042", "set_tls": "983045"} {
		numbers[name] = map[string]string{"arm": number}
	}
	var table strings.Builder
	fmt.Fprintln(&table, "name\t"+strings.Join(architectures, "\t"))
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		row := []string{name}
		for _, arch := range architectures {
			row = append(row, numbers[name][arch])
		}
		fmt.Fprintln(&table, strings.Join(row, "\t"))
	}
	if err := os.WriteFile("syscalls.tsv", []byte(table.String()), 0o644); err != nil {
		log.Fatal(err)
	}
}
