package cgroups

import (
	"errors"
	"fmt"
	"os"
	"strings"

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
		d.allowed = append(d.allowed, device.Device)
	}
	return d, nil
}

// prepare forbids everything, of which what is allowed is taken back: only then is
// the kernel's list of what is allowed the whole truth.
func (d *devices) prepare(g *group) error {
	dir := g.dir("devices")
	if g.v2 {
		return setProgram(dir, merged(d.allowed))
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
func (i *Isolator) Devices(id mesos.ContainerID) ([]Device, error) {
	dir, v2, err := i.devicesDir(id)
	if err != nil {
		return nil, err
	}
	if v2 {
		return parseDevices(marked(dir, devicesMark))
	}
	text, err := read(dir, "devices.list")
	if err != nil {
		return nil, err
	}
	return parseDevices(text)
}

func parseDevices(text string) (list []Device, err error) {
	for line := range strings.Lines(text) {
		device, err := ParseDevice(strings.TrimSpace(line))
		if err != nil {
			return nil, err
		}
		list = append(list, device)
	}
	return list, nil
}

// AllowDevices lets a container use more devices, and keeps it from others, with
// no moment in between at which it may use what it may use in neither state.
func (i *Isolator) AllowDevices(id mesos.ContainerID, allow, deny []Device) error {
	dir, v2, err := i.devicesDir(id)
	if err != nil {
		return err
	}
	if v2 {
		now, err := parseDevices(marked(dir, devicesMark))
		if err != nil {
			return err
		}
		return setProgram(dir, change(now, allow, deny))
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

// setProgram has version 2 allow these devices and no others: a program decides.
// What it allows is written down on the cgroup, for who wants to change it.
func setProgram(dir string, allowed []Device) error {
	var rules []specs.LinuxDeviceCgroup
	var lines []string
	for _, device := range allowed {
		rules = append(rules, specs.LinuxDeviceCgroup{
			Allow: true, Type: string(device.Kind), Major: &device.Major, Minor: &device.Minor, Access: device.Access,
		})
		lines = append(lines, device.String())
	}
	instructions, license, err := cgroup2.DeviceFilter(rules)
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
	return mark(dir, devicesMark, strings.Join(lines, "\n"))
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
