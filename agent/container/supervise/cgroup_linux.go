package supervise

import "syscall"

// tidy removes the cgroups of a container that is gone where no agent is left to
// do it: those below them, and those of the containers that it was nested in once
// nothing is in them either.
func (s *supervisor) tidy(c *contained) {
	if s.agent != nil {
		return
	}
	outermost := c.id
	for i := range c.id {
		if c.id[i] == '.' {
			outermost = c.id[:i]
			break
		}
	}
	for _, dir := range c.own {
		removeCgroup(dir)
		for within(dir, outermost) {
			for dir[len(dir)-1] != '/' {
				dir = dir[:len(dir)-1]
			}
			dir = dir[:len(dir)-1]
			_ = syscall.Rmdir(dir) // unless it is used
		}
	}
}

// within reports whether dir is below a directory of this name.
func within(dir, name string) bool {
	for i := range len(dir) - len(name) - 1 {
		if dir[i] == '/' && dir[i+1:i+1+len(name)] == name && dir[i+1+len(name)] == '/' {
			return true
		}
	}
	return false
}

// removeCgroup removes a cgroup in which there are no processes. What else is in its
// directory are files of the kernel's, which go with it.
func removeCgroup(dir string) {
	if err := syscall.Rmdir(dir); err == nil || err == syscall.ENOTDIR || err == syscall.ENOENT {
		return
	}
	names, _ := readDirNames(dir)
	for _, name := range names {
		removeCgroup(dir + "/" + name)
	}
	_ = syscall.Rmdir(dir) // unless it is used
}
