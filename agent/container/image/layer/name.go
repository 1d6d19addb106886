package layer

import (
	"path"
	"strings"
)

// clean checks the name of an entry and makes it relative to the root, which
// is ".". Names that climb are refused rather than cut: nobody means well by one.
func clean(name string) (string, error) {
	switch {
	case len(name) > maxPath:
		return "", invalid("a name of %d bytes, the limit is %d", len(name), maxPath)
	case strings.Contains(name, "\x00"):
		return "", invalid("%q: a name with a NUL byte", name)
	}
	depth := 0
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return "", invalid("%q: a name that leaves its directory", name)
		}
		depth++
	}
	if depth > maxDepth {
		return "", invalid("%.64q...: %d directories deep, the limit is %d", name, depth, maxDepth)
	}
	return strings.TrimPrefix(path.Clean("/"+name), "/"), nil
}

// mark is what a name says of the layers below.
type mark int

const (
	none     mark = iota
	gone          // the name after ".wh." is gone
	hides         // the directory hides what is below
	internal      // aufs's own; of no concern
)

// markOf reads the mark in a clean name, and returns the name that is gone.
func markOf(name string) (mark, string, error) {
	dir, base := path.Split(name)
	for part := range strings.SplitSeq(strings.TrimSuffix(dir, "/"), "/") {
		if strings.HasPrefix(part, metadata) {
			return internal, "", nil
		}
		if strings.HasPrefix(part, whiteout) {
			return none, "", invalid("%q: inside of what is to be gone", name)
		}
	}
	rest, marked := strings.CutPrefix(base, whiteout)
	switch {
	case !marked:
		return none, "", nil
	case base == opaque:
		return hides, "", nil
	case strings.HasPrefix(base, metadata):
		return internal, "", nil
	case rest == "" || rest == "." || rest == "..":
		return none, "", invalid("%q: says that nothing in particular is gone", name)
	}
	return gone, rest, nil
}
