package network

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// listeners are the TCP ports of this network namespace that sockets listen on,
// by the sockets' inodes. See sock_diag(7).
func listeners() (map[uint32]uint16, error) {
	found := map[uint32]uint16{}
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		request := nl.NewNetlinkRequest(nl.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP)
		request.AddRawData(diagRequest(family))
		answers, err := request.Execute(unix.NETLINK_INET_DIAG, 0)
		if err != nil {
			return nil, fmt.Errorf("list the sockets that are listened on: %w", err)
		}
		for _, answer := range answers {
			if inode, port, ok := diagAnswer(answer); ok {
				found[inode] = port
			}
		}
	}
	return found, nil
}

// diagRequest is a struct inet_diag_req_v2 for the sockets in state TCP_LISTEN.
func diagRequest(family uint8) []byte {
	const size, states = 56, 4
	data := make([]byte, size)
	data[0], data[1] = family, unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(data[states:], 1<<unix.BPF_TCP_LISTEN)
	return data
}

// diagAnswer reads a struct inet_diag_msg.
func diagAnswer(data []byte) (inode uint32, port uint16, ok bool) {
	const size, sourcePort, inodeAt = 72, 4, 68
	if len(data) < size {
		return 0, 0, false
	}
	inode = binary.NativeEndian.Uint32(data[inodeAt:])
	return inode, binary.BigEndian.Uint16(data[sourcePort:]), inode != 0
}

// sockets are the inodes of the sockets that a process has. It may have ended.
func sockets(pid int) (inodes []uint32) {
	dir, err := os.Open("/proc/" + strconv.Itoa(pid) + "/fd")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		target, err := os.Readlink(dir.Name() + "/" + name)
		if err != nil {
			continue
		}
		text, ok := strings.CutPrefix(target, "socket:[")
		if !ok {
			continue
		}
		if inode, err := strconv.ParseUint(strings.TrimSuffix(text, "]"), 10, 32); err == nil {
			inodes = append(inodes, uint32(inode))
		}
	}
	return inodes
}
