package cgroups

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Device is devices and what may be done with them, in the words of the kernel's
// device controller.
type Device struct {
	Kind         byte  // c (characters), b (blocks) or a (both)
	Major, Minor int64 // Any: all
	// Access is what may be done, of r (read), w (write) and m (make a node), in
	// this order.
	Access string
}

// Any is all numbers.
const Any = -1

// ParseDevice reads what String writes, as in "c 1:3 rwm" or "b *:* m".
func ParseDevice(text string) (Device, error) {
	fields := strings.Fields(text)
	if len(fields) > 0 && fields[0] == "a" { // to the kernel nothing after it matters
		return Device{'a', Any, Any, "rwm"}, nil
	}
	bad := func(what string) (Device, error) {
		return Device{}, mesos.Errorf(mesos.Invalid, "device %q: %s", text, what)
	}
	if len(fields) != 3 {
		return bad("it is not of the form c 1:3 rwm")
	}
	if fields[0] != "b" && fields[0] != "c" {
		return bad("its kind is none of a, b and c")
	}
	d := Device{Kind: fields[0][0]}
	major, minor, ok := strings.Cut(fields[1], ":")
	if !ok {
		return bad("its numbers are not of the form 1:3")
	}
	var err error
	if d.Major, err = parseDeviceNumber(major); err == nil {
		d.Minor, err = parseDeviceNumber(minor)
	}
	if err != nil {
		return bad("its numbers are not of the form 1:3")
	}
	for i, access := range fields[2] {
		if !strings.ContainsRune("rwm", access) || strings.ContainsRune(fields[2][:i], access) {
			return bad("its access is not some of r, w and m")
		}
	}
	d.Access = accessOf(strings.Contains(fields[2], "r"), strings.Contains(fields[2], "w"), strings.Contains(fields[2], "m"))
	return d, nil
}

func parseDeviceNumber(text string) (int64, error) {
	if text == "*" {
		return Any, nil
	}
	n, err := strconv.ParseUint(text, 10, 32)
	return int64(n), err
}

func accessOf(read, write, mknod bool) string {
	access := ""
	for _, may := range []struct {
		may bool
		as  string
	}{{read, "r"}, {write, "w"}, {mknod, "m"}} {
		if may.may {
			access += may.as
		}
	}
	return access
}

// String is how the kernel writes it.
func (d Device) String() string {
	number := func(n int64) string {
		if n == Any {
			return "*"
		}
		return strconv.FormatInt(n, 10)
	}
	return fmt.Sprintf("%c %s:%s %s", d.Kind, number(d.Major), number(d.Minor), d.Access)
}

// sameNumbers tells whether two rules are of the same devices.
func (d Device) sameNumbers(e Device) bool {
	return d.Kind == e.Kind && d.Major == e.Major && d.Minor == e.Minor
}

// of tells whether every device of d is one of e.
func (d Device) of(e Device) bool {
	return (e.Kind == 'a' || d.Kind == e.Kind) && (e.Major == Any || d.Major == e.Major) && (e.Minor == Any || d.Minor == e.Minor)
}

// within tells whether whatever d allows e allows too.
func (d Device) within(e Device) bool { return d.of(e) && without(d.Access, e.Access) == "" }

// wild tells whether the rule is of more than one device.
func (d Device) wild() bool { return d.Kind == 'a' || d.Major == Any || d.Minor == Any }

// everyone may use these devices: the harmless ones, terminals and tun. All may
// make nodes, which is not to use them.
var everyone = []string{
	"c *:* m", "b *:* m",
	"c 5:1 rwm",    // /dev/console
	"c 4:0 rwm",    // /dev/tty0
	"c 4:1 rwm",    // /dev/tty1
	"c 136:* rwm",  // /dev/pts/*
	"c 5:2 rwm",    // /dev/ptmx
	"c 10:200 rwm", // /dev/net/tun
	"c 1:3 rwm",    // /dev/null
	"c 1:5 rwm",    // /dev/zero
	"c 1:7 rwm",    // /dev/full
	"c 5:0 rwm",    // /dev/tty
	"c 1:9 rwm",    // /dev/urandom
	"c 1:8 rwm",    // /dev/random
}

// AllowedDevice is a device of --allowed_devices. Without access its node is there
// for root alone, and nothing can be done with it.
type AllowedDevice struct {
	Device
	Path string
}

// AllowedDevices looks up the devices of --allowed_devices.
func AllowedDevices(list []*mesospb.DeviceAccess) ([]AllowedDevice, error) {
	var devices []AllowedDevice
	for _, allowed := range list {
		path, access := allowed.GetDevice().GetPath(), allowed.GetAccess()
		if path == "" {
			return nil, mesos.Errorf(mesos.Invalid, "allowed_devices: a device has no path")
		}
		d, err := LookupDevice(path)
		if err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "allowed_devices: %w", err)
		}
		d.Access = accessOf(access.GetRead(), access.GetWrite(), access.GetMknod())
		devices = append(devices, AllowedDevice{d, path})
	}
	return devices, nil
}

// LookupDevice finds the kind and the numbers of a device node. All access is allowed.
func LookupDevice(path string) (Device, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Device{}, mesos.Errorf(mesos.NotFound, "%w", err)
	}
	d := Device{Kind: 'b', Access: "rwm"}
	switch {
	case info.Mode()&os.ModeDevice == 0:
		return Device{}, mesos.Errorf(mesos.Invalid, "%s: it is not a device", path)
	case info.Mode()&os.ModeCharDevice != 0:
		d.Kind = 'c'
	}
	d.Major, d.Minor = deviceNumbers(info)
	return d, nil
}
