//go:build !linux

package gids

import "github.com/mesosctl/mesosctl/mesos"

var errLinux = mesos.Errorf(mesos.Unsupported, "groups for volumes are for Linux")

func owner(string) (uid, gid uint32, err error)      { return 0, 0, errLinux }
func primaryGroup(uint32) (uint32, error)            { return 0, errLinux }
func hand(path string, gid uint32, share bool) error { return errLinux }
