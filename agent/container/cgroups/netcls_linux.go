package cgroups

import (
	"strconv"
	"sync"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// netCls gives the network traffic of each container a class of its own. Without a
// primary handle it is somebody else who does.
type netCls struct {
	passive
	mu      sync.Mutex
	handles *Handles // nil: none are handed out
}

func newNetCls(config *Config) (*netCls, error) {
	n := &netCls{passive: "net_cls"}
	var err error
	if config.NetClsPrimary != 0 {
		n.handles, err = NewHandles(config.NetClsPrimary, config.NetClsSecondary[0], config.NetClsSecondary[1])
	}
	return n, err
}

func (n *netCls) prepare(g *group) (err error) {
	if n.handles == nil {
		return nil
	}
	n.mu.Lock()
	g.handle, err = n.handles.Take()
	n.mu.Unlock()
	if err != nil {
		return err
	}
	return write(g.dir("net_cls"), "net_cls.classid", strconv.FormatUint(uint64(g.handle), 10))
}

func (n *netCls) adopt(g *group) error {
	classid, err := number(g.dir("net_cls"), "net_cls.classid")
	if err != nil || classid == 0 {
		return err
	}
	g.handle = uint32(classid)
	if n.handles == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.handles.Reserve(g.handle)
}

func (n *netCls) status(g *group, status *mesospb.ContainerStatus) {
	if g.handle != 0 {
		status.CgroupInfo = &mesospb.CgroupInfo{NetCls: &mesospb.CgroupInfo_NetCls{Classid: new(g.handle)}}
	}
}

func (n *netCls) end(g *group) {
	if g.handle == 0 || n.handles == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	_ = n.handles.Free(g.handle) // it was taken for this container
	g.handle = 0
}
