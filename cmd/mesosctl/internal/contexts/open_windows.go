package contexts

import "io/fs"

// open can't be told of a file by its mode here.
func open(fs.FileInfo) bool { return false }
