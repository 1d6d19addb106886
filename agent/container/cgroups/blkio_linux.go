package cgroups

import (
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// blkio measures the use of disks.
// See https://mesos.apache.org/documentation/latest/isolators/cgroups-blkio/.
type blkio struct{ passive }

// blkioLine is one figure: of a device, or of all of them together.
type blkioLine struct {
	device string // "8:0"; empty: all
	op     mesospb.CgroupInfo_Blkio_Operation
	value  uint64
}

var blkioOps = map[string]mesospb.CgroupInfo_Blkio_Operation{
	"Total": mesospb.CgroupInfo_Blkio_TOTAL, "Read": mesospb.CgroupInfo_Blkio_READ, "Write": mesospb.CgroupInfo_Blkio_WRITE,
	"Sync": mesospb.CgroupInfo_Blkio_SYNC, "Async": mesospb.CgroupInfo_Blkio_ASYNC, "Discard": mesospb.CgroupInfo_Blkio_DISCARD,
}

// parseBlkio reads lines such as "8:0 Read 4096", "8:0 4096" and "Total 4096".
// What is not of this form is not read.
func parseBlkio(text string) (lines []blkioLine) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		var parsed blkioLine
		var err error
		if parsed.value, err = strconv.ParseUint(fields[len(fields)-1], 10, 64); err != nil {
			continue
		}
		for _, field := range fields[:len(fields)-1] {
			if op, ok := blkioOps[field]; ok {
				parsed.op = op
			} else {
				parsed.device = field
			}
		}
		lines = append(lines, parsed)
	}
	return lines
}

// parseIOStat reads lines of version 2, such as "8:0 rbytes=4096 wbytes=0 rios=1".
func parseIOStat(text string) (bytes, ios []blkioLine) {
	ops := map[byte]mesospb.CgroupInfo_Blkio_Operation{
		'r': mesospb.CgroupInfo_Blkio_READ, 'w': mesospb.CgroupInfo_Blkio_WRITE, 'd': mesospb.CgroupInfo_Blkio_DISCARD,
	}
	for line := range strings.Lines(text) {
		device, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		for _, field := range strings.Fields(rest) {
			name, number, _ := strings.Cut(field, "=")
			value, err := strconv.ParseUint(number, 10, 64)
			if err != nil || name == "" || ops[name[0]] == 0 {
				continue
			}
			switch parsed := (blkioLine{device, ops[name[0]], value}); name[1:] {
			case "bytes":
				bytes = append(bytes, parsed)
			case "ios":
				ios = append(ios, parsed)
			}
		}
	}
	return bytes, ios
}

// withTotals adds what version 1 tells too: the sum of what was done with each
// device, and with all.
func withTotals(lines []blkioLine) []blkioLine {
	for _, device := range devicesOf(lines) {
		total := blkioLine{device, mesospb.CgroupInfo_Blkio_TOTAL, 0}
		for _, line := range lines {
			if device == "" && line.op == mesospb.CgroupInfo_Blkio_TOTAL || line.device == device && device != "" {
				total.value += line.value
			}
		}
		lines = append(lines, total)
	}
	return lines
}

func (b *blkio) usage(g *group, usage *mesospb.ResourceStatistics) error {
	statistics := &mesospb.CgroupInfo_Blkio_Statistics{}
	usage.BlkioStatistics = statistics
	if g.v2 {
		text, err := read(g.dir("blkio"), "io.stat")
		if err != nil {
			return err
		}
		bytes, serviced := parseIOStat(text)
		statistics.Throttling = throttling(withTotals(bytes), withTotals(serviced))
		return nil
	}
	lines := func(name string) ([]blkioLine, error) {
		text, err := read(g.dir("blkio"), name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil // it depends on the kernel and its scheduler of disks
		}
		return parseBlkio(text), err
	}
	bytes, err := lines("blkio.throttle.io_service_bytes")
	if err != nil {
		return err
	}
	serviced, err := lines("blkio.throttle.io_serviced")
	if err != nil {
		return err
	}
	statistics.Throttling = throttling(bytes, serviced)
	if statistics.Cfq, err = cfq(lines, ""); err != nil {
		return err
	}
	statistics.CfqRecursive, err = cfq(lines, "_recursive")
	return err
}

// throttling sorts figures by their devices. What is of all devices comes last,
// and is always there.
func throttling(bytes, serviced []blkioLine) (list []*mesospb.CgroupInfo_Blkio_Throttling_Statistics) {
	for _, device := range devicesOf(bytes, serviced) {
		list = append(list, &mesospb.CgroupInfo_Blkio_Throttling_Statistics{
			Device: deviceNumber(device), IoServiceBytes: valuesOf(bytes, device), IoServiced: valuesOf(serviced, device),
		})
	}
	return list
}

// cfq reads what the CFQ scheduler tells, or BFQ, which came after it in 5.0, of
// devices that have that scheduler.
func cfq(lines func(string) ([]blkioLine, error), suffix string) (list []*mesospb.CgroupInfo_Blkio_CFQ_Statistics, err error) {
	names := []string{"time", "sectors", "io_service_bytes", "io_serviced", "io_service_time", "io_wait_time", "io_merged", "io_queued"}
	read := make([][]blkioLine, len(names))
	for i, name := range names {
		for _, scheduler := range []string{"blkio.", "blkio.bfq."} {
			if read[i], err = lines(scheduler + name + suffix); read[i] != nil || err != nil {
				break
			}
		}
		if err != nil {
			return nil, err
		}
	}
	if !slices.ContainsFunc(read, func(lines []blkioLine) bool { return lines != nil }) {
		return nil, nil
	}
	for _, device := range devicesOf(read...) {
		list = append(list, &mesospb.CgroupInfo_Blkio_CFQ_Statistics{
			Device: deviceNumber(device), Time: valueOf(read[0], device), Sectors: valueOf(read[1], device),
			IoServiceBytes: valuesOf(read[2], device), IoServiced: valuesOf(read[3], device),
			IoServiceTime: valuesOf(read[4], device), IoWaitTime: valuesOf(read[5], device),
			IoMerged: valuesOf(read[6], device), IoQueued: valuesOf(read[7], device),
		})
	}
	return list, nil
}

// devicesOf are the devices that lines are of, sorted, and last "" for all of them.
func devicesOf(files ...[]blkioLine) (devices []string) {
	for _, lines := range files {
		for _, line := range lines {
			if line.device != "" && !slices.Contains(devices, line.device) {
				devices = append(devices, line.device)
			}
		}
	}
	slices.Sort(devices)
	return append(devices, "")
}

func valuesOf(lines []blkioLine, device string) (values []*mesospb.CgroupInfo_Blkio_Value) {
	for _, line := range lines {
		if line.device == device {
			values = append(values, &mesospb.CgroupInfo_Blkio_Value{Op: line.op.Enum(), Value: &line.value})
		}
	}
	return values
}

func valueOf(lines []blkioLine, device string) *uint64 {
	for _, line := range lines {
		if line.device == device {
			return &line.value
		}
	}
	return nil
}

func deviceNumber(device string) *mesospb.Device_Number {
	major, minor, ok := strings.Cut(device, ":")
	if !ok {
		return nil
	}
	number := &mesospb.Device_Number{MajorNumber: new(uint64), MinorNumber: new(uint64)}
	*number.MajorNumber, _ = strconv.ParseUint(major, 10, 64)
	*number.MinorNumber, _ = strconv.ParseUint(minor, 10, 64)
	return number
}
