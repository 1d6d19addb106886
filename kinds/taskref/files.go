package taskref

import "github.com/mesosctl/mesosctl/wire/mesospb"

// IsDirectory reports whether a file of a sandbox is a directory, as its mode says.
func IsDirectory(info *mesospb.FileInfo) bool {
	const directory, types = 0o040000, 0o170000
	return info.GetMode()&types == directory
}

// ModeText is the mode of a file of a sandbox, which is that of stat(2) on its agent, as
// `ls -l` has it.
func ModeText(info *mesospb.FileInfo) string {
	const types, typeShift = "?pc?d?b?-?l?s???", 12
	mode := info.GetMode()
	text := []byte{types[mode>>typeShift&0xf]}
	for i := 8; i >= 0; i-- {
		c := byte('-')
		if mode>>i&1 == 1 {
			c = "xwr"[i%3]
		}
		text = append(text, c)
	}
	for i, special := range []struct {
		bit uint32
		set byte
	}{{0o4000, 's'}, {0o2000, 's'}, {0o1000, 't'}} {
		if at := 3 * (i + 1); mode&special.bit != 0 {
			if text[at] == '-' {
				special.set -= 'a' - 'A'
			}
			text[at] = special.set
		}
	}
	return string(text)
}
