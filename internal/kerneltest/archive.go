package main

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/internal/programs"
)

// archive writes the format that a kernel unpacks when it starts, "newc" of cpio(5).
type archive struct {
	to     *bufio.Writer
	inode  int
	offset int64
	made   map[string]bool // directories
}

const (
	regular   = 0o100000
	directory = 0o040000
	link      = 0o120000
)

func (a *archive) write(data []byte) error {
	n, err := a.to.Write(data)
	a.offset += int64(n)
	return err
}

func (a *archive) pad() error { return a.write(make([]byte, (4-a.offset%4)%4)) }

// header begins a file of some size.
func (a *archive) header(name string, mode int, size int64) error {
	a.inode++
	fields := []int64{int64(a.inode), int64(mode), 0, 0, 1, 0, size, 0, 0, 0, 0, int64(len(name)) + 1, 0}
	text := "070701"
	for _, field := range fields {
		text += fmt.Sprintf("%08x", field)
	}
	if err := a.write([]byte(text + name + "\x00")); err != nil {
		return err
	}
	return a.pad()
}

// parents makes the directories above a file.
func (a *archive) parents(name string) error {
	dir := filepath.Dir(name)
	if dir == "." || a.made[dir] {
		return nil
	}
	if err := a.parents(dir); err != nil {
		return err
	}
	a.made[dir] = true
	return a.header(dir, directory|0o755, 0)
}

// add adds a file with some content.
func (a *archive) add(name string, mode int, content string) error {
	if err := a.parents(name); err != nil {
		return err
	}
	if err := a.header(name, mode, int64(len(content))); err != nil {
		return err
	}
	if err := a.write([]byte(content)); err != nil {
		return err
	}
	return a.pad()
}

// copy adds a file of this machine.
func (a *archive) copy(name, from string) error {
	if err := a.parents(name); err != nil {
		return err
	}
	file, err := os.Open(from)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := a.header(name, regular|int(info.Mode().Perm()), info.Size()); err != nil {
		return err
	}
	n, err := io.Copy(a.to, file)
	a.offset += n
	if err != nil {
		return err
	}
	return a.pad()
}

// pack makes the archive: this program as init, the commands of busybox, modules,
// and of each package its tests and their testdata.
func pack(image string, o *options, suites []*suite) error {
	file, err := os.Create(image)
	if err != nil {
		return err
	}
	defer file.Close()
	a := &archive{to: bufio.NewWriterSize(file, 1<<20), made: map[string]bool{}}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	// In the machine it unpacks this archive's "image" and starts from there.
	if err := a.copy("init", self); err != nil {
		return err
	}
	if err := a.copy("bin/busybox", o.busybox); err != nil {
		return err
	}
	for name, content := range map[string]string{
		"etc/passwd":      "root:x:0:0::/root:/bin/sh\ndaemon:x:1:1::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n",
		"etc/group":       "root:x:0:\ndaemon:x:1:\nnogroup:x:65534:\n",
		"etc/hosts":       "127.0.0.1 localhost\n",
		"etc/resolv.conf": "nameserver 127.0.0.1\n",
	} {
		if err := a.add(name, regular|0o644, content); err != nil {
			return err
		}
	}
	var plan strings.Builder
	for i, module := range strings.FieldsFunc(o.modules, func(r rune) bool { return r == ',' }) {
		name := fmt.Sprintf("modules/%d", i)
		if err := a.copy(name, module); err != nil {
			return err
		}
		fmt.Fprintf(&plan, "module\t%s\n", name)
	}
	if err := a.programs(o.programs); err != nil {
		return err
	}
	for i, s := range suites {
		dir := strconv.Itoa(i)
		if err := a.copy("src/"+dir+"/tests", s.file); err != nil {
			return err
		}
		if err := a.tree("src/"+dir+"/testdata", filepath.Join(s.dir, "testdata")); err != nil {
			return err
		}
		fmt.Fprintf(&plan, "test\t%s\t%s\n", dir, strings.Join(arguments(o, s), "\t"))
	}
	if err := a.add("plan", regular|0o644, plan.String()); err != nil {
		return err
	}
	if err := a.header("TRAILER!!!", 0, 0); err != nil {
		return err
	}
	if err := a.to.Flush(); err != nil {
		return err
	}
	return file.Close()
}

// programs adds programs of this machine, with the libraries that they are loaded with.
func (a *archive) programs(list string) error {
	added := map[string]bool{}
	for _, name := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
		path, err := exec.LookPath(name)
		if err != nil {
			return err
		}
		if err := a.copy("bin/"+filepath.Base(path), path); err != nil {
			return err
		}
		libraries, err := programs.Libraries(path)
		if err != nil {
			return err
		}
		for _, library := range libraries {
			if added[library] {
				continue
			}
			added[library] = true
			if err := a.copy(strings.TrimPrefix(library, "/"), library); err != nil {
				return err
			}
		}
	}
	return nil
}

// tree adds a directory, if there is one.
func (a *archive) tree(name, from string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			if path == from {
				return nil
			}
			return err
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		below, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		return a.copy(filepath.Join(name, below), path)
	})
}

// arguments are what the tests of a package are run with.
func arguments(o *options, s *suite) []string {
	args := []string{"-test.v=test2json", "-test.timeout=" + o.timeout.String(), "-test.run=" + s.run}
	if o.skip != "" {
		args = append(args, "-test.skip="+o.skip)
	}
	if o.short {
		args = append(args, "-test.short")
	}
	return args
}
