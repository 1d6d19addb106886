//go:build unix

package httpapi

import (
	"io/fs"
	"os/user"
	"strconv"
	"sync"
	"syscall"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// fileInfo describes a file at a virtual path.
func fileInfo(virtual string, info fs.FileInfo) *mesospb.FileInfo {
	described := plainFileInfo(virtual, info)
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		links, mode := int32(stat.Nlink), uint32(stat.Mode) //nolint:unconvert // 16 bits on darwin
		owner, group := nameOf("u", stat.Uid), nameOf("g", stat.Gid)
		described.Nlink, described.Mode = &links, &mode
		described.Uid, described.Gid = &owner, &group
	}
	return described
}

// names remembers the names of users and groups, which are costly to look up.
var names sync.Map

// nameOf is the name of a user ("u") or group ("g"), or the number itself.
func nameOf(kind string, id uint32) string {
	number := strconv.FormatUint(uint64(id), 10)
	if name, ok := names.Load(kind + number); ok {
		return name.(string)
	}
	name := number
	if kind == "u" {
		if found, err := user.LookupId(number); err == nil {
			name = found.Username
		}
	} else if found, err := user.LookupGroupId(number); err == nil {
		name = found.Name
	}
	names.Store(kind+number, name)
	return name
}
