package supervise

import "os"

// processes returns the pids of all processes of c, the first one first.
func (s *supervisor) processes(c *contained) []int {
	if c.gone {
		return nil
	}
	var roots []int
	if !c.ended {
		roots = append(roots, c.pid)
	}
	return descendants(append(roots, s.owned(c, s.orphans())...))
}

// command returns the pid of what a container runs: in a pid namespace of its own
// the first child of the first process.
func (c *contained) command() int {
	if c.ownsPids {
		if children := children(c.pid); len(children) > 0 {
			return children[0]
		}
	}
	return c.pid
}

// orphans returns the children of this process that no container started with:
// processes that a container left behind, by a double fork or by ending.
func (s *supervisor) orphans() []int {
	var orphans []int
	for _, pid := range children(os.Getpid()) {
		if s.byPid[pid] == nil {
			orphans = append(orphans, pid)
		}
	}
	return orphans
}

// owned returns those of orphans that are c's.
func (s *supervisor) owned(c *contained, orphans []int) []int {
	if c.ownsPids {
		return nil // who is left in a pid namespace is left to its first process
	}
	var owned []int
	if len(c.own) > 0 {
		for _, pid := range members(c.own[0]) {
			if pid != c.pid {
				owned = append(owned, pid)
			}
		}
	}
	if c.joins {
		owned = append(owned, s.leftBehind(c)...)
	}
	for _, pid := range orphans {
		if s.owner(pid) == c {
			owned = append(owned, pid)
		}
	}
	return owned
}

// leftBehind returns the processes that a container without a pid namespace of its
// own left to the first process of the one it is in.
func (s *supervisor) leftBehind(c *contained) (left []int) {
	for _, other := range s.containers {
		if !other.ownsPids || other.ended || len(c.id) <= len(other.id) || c.id[:len(other.id)+1] != other.id+"." {
			continue
		}
		for _, pid := range descendants([]int{other.pid}) {
			if marker(pid) == c.id {
				left = append(left, pid)
			}
		}
	}
	return left
}

// owner tells whose an orphan is: by its cgroups, its environment, its session, or because
// only one container is old enough to have started it. A process that hides
// from the first two stays nobody's until the third is true, which it is at the
// latest when the last but one of the containers older than it has gone; so none
// outlives them all.
//
// The cgroups come first: to read the environment waits for a process that
// is short of memory, for as long as its container is.
func (s *supervisor) owner(pid int) *contained {
	if c := s.grouped(pid); c != nil {
		return c
	}
	if c := s.containers[marker(pid)]; c != nil && !c.gone {
		return c
	}
	st, ok := readStatus(pid)
	if !ok {
		return nil
	}
	var only *contained
	older := 0
	for _, c := range s.containers {
		if c.gone {
			continue
		}
		if c.pid == st.session {
			return c
		}
		if c.start <= st.start {
			only = c
			older++
		}
	}
	if older == 1 {
		return only
	}
	return nil
}
