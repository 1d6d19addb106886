package cgroups

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/containerd/cgroups/v3/cgroup2"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/mesos"
)

// devices keeps containers from devices that are not allowed to them.
// See https://mesos.apache.org/documentation/latest/isolators/cgroups-devices/.
type devices struct {
	passive
	allowed []Device
}

func newDevices(config *Config) (*devices, error) {
	d := &devices{passive: "devices"}
	for _, text := range everyone {
		device, err := ParseDevice(text)
		if err != nil {
			return nil, err
		}
		d.allowed = append(d.allowed, device)
	}
	more, err := AllowedDevices(config.AllowedDevices)
	if err != nil {
		return nil, err
	}
	for _, device := range more {
		if device.Access != "" {
			d.allowed = append(d.allowed, device.Device)
		}
	}
	return d, nil
}

// prepare forbids everything, of which what is allowed is taken back: only then is
// the kernel's list of what is allowed the whole truth.
func (d *devices) prepare(g *group) error {
	dir := g.dir("devices")
	if g.v2 {
		return setProgram(dir, Rules{Allow: normal(d.allowed)})
	}
	if err := write(dir, "devices.deny", "a"); err != nil {
		return err
	}
	for _, device := range d.allowed {
		if err := write(dir, "devices.allow", device.String()); err != nil {
			return fmt.Errorf("allow %s: %w", device, err)
		}
	}
	return nil
}

// Devices are the devices that a container may use.
func (i *Isolator) Devices(id mesos.ContainerID) (Rules, error) {
	dir, v2, err := i.devicesDir(id)
	if err != nil {
		return Rules{}, err
	}
	if v2 {
		return parseRules(marked(dir, devicesMark))
	}
	text, err := read(dir, "devices.list")
	if err != nil {
		return Rules{}, err
	}
	return parseRules(text)
}

// ChangeDevices lets a container use more devices, and keeps it from others, with
// no moment in between at which it may use what it may use neither before nor after.
func (i *Isolator) ChangeDevices(id mesos.ContainerID, allow, deny []Device) error {
	now, err := i.Devices(id)
	if err != nil {
		return err
	}
	then, err := now.Change(allow, deny)
	if err != nil {
		return err
	}
	dir, v2, err := i.devicesDir(id)
	if err != nil {
		return err
	}
	if v2 {
		return setProgram(dir, then)
	}
	for _, device := range deny {
		if err := write(dir, "devices.deny", device.String()); err != nil {
			return fmt.Errorf("cgroups: deny %s: %w", device, err)
		}
	}
	for _, device := range allow {
		if err := write(dir, "devices.allow", device.String()); err != nil {
			return fmt.Errorf("cgroups: allow %s: %w", device, err)
		}
	}
	return nil
}

func (i *Isolator) devicesDir(id mesos.ContainerID) (dir string, v2 bool, err error) {
	g := i.find(id)
	if g == nil || g.dir("devices") == "" {
		return "", false, mesos.Errorf(mesos.NotFound, "cgroups: the devices of container %s are not kept", id)
	}
	return g.dir("devices"), g.v2, nil
}

// setProgram has version 2 follow rules: a program decides. The rules are written
// down on the cgroup, for who wants to change them.
func setProgram(dir string, rules Rules) error {
	var list []specs.LinuxDeviceCgroup
	for _, s := range rules.steps() {
		list = append(list, specs.LinuxDeviceCgroup{
			Allow: s.allow, Type: string(s.Kind), Major: &s.Major, Minor: &s.Minor, Access: s.Access,
		})
	}
	slices.Reverse(list) // of a program's rules the last that fits decides
	instructions, license, err := cgroup2.DeviceFilter(list)
	if err != nil {
		return err
	}
	file, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer file.Close()
	fd := int(file.Fd())
	before, err := link.QueryPrograms(link.QueryOptions{Target: fd, Attach: ebpf.AttachCGroupDevice})
	if err != nil {
		return fmt.Errorf("ask for the device program of %s: %w", dir, err)
	}
	if _, err := cgroup2.LoadAttachCgroupDeviceFilter(instructions, license, fd); err != nil {
		return err
	}
	// Until the former one is gone only what both allow is allowed.
	for _, attached := range before.Programs {
		if err := detach(fd, attached.ID); err != nil {
			return fmt.Errorf("detach the former device program of %s: %w", dir, err)
		}
	}
	return mark(dir, devicesMark, rules.String())
}

func detach(fd int, id ebpf.ProgramID) error {
	program, err := ebpf.NewProgramFromID(id)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = program.Close() }()
	return link.RawDetachProgram(link.RawDetachProgramOptions{Target: fd, Program: program, Attach: ebpf.AttachCGroupDevice})
}
