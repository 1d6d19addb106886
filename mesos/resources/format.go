package resources

import (
	"strconv"
	"strings"
)

// String is the form that Mesos logs, such as
// "cpus(allocated: web)(reservations: [(STATIC,web)]):4".
func (r Resource) String() string {
	var b strings.Builder
	it := itemOf(&r)
	writeResource(&b, &it)
	return b.String()
}

// String is the form that Mesos logs: resources separated by "; ", the number
// of copies behind a shared one, and "{}" for nothing.
func (r Resources) String() string {
	if r.IsEmpty() {
		return "{}"
	}
	var b strings.Builder
	for i := range r.items {
		if i > 0 {
			b.WriteString("; ")
		}
		writeResource(&b, &r.items[i])
		if r.items[i].Shared {
			b.WriteString("<" + strconv.Itoa(int(r.items[i].copies)) + ">")
		}
	}
	return b.String()
}

func writeResource(b *strings.Builder, r *item) {
	b.WriteString(r.Name)
	if r.AllocationRole != "" {
		b.WriteString("(allocated: " + r.AllocationRole + ")")
	}
	writeReservations(b, r.Reservations)
	if r.Disk != nil {
		b.WriteByte('[')
		writeDisk(b, r.Disk)
		b.WriteByte(']')
	}
	if r.Revocable {
		b.WriteString("{REV}")
	}
	if r.Shared {
		b.WriteString("<SHARED>")
	}
	b.WriteByte(':')
	switch r.Kind {
	case KindRanges:
		b.WriteString(r.Ranges.String())
	case KindSet:
		b.WriteString(r.Set.String())
	default:
		b.WriteString(r.Scalar.String())
	}
}

func writeReservations(b *strings.Builder, layers []Reservation) {
	if len(layers) == 0 {
		return
	}
	b.WriteString("(reservations: [")
	for i, layer := range layers {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("(" + layer.String() + ")")
	}
	b.WriteString("])")
}

// String is the form that Mesos logs, such as "DYNAMIC,web,principal,{key: value}".
func (r Reservation) String() string {
	text := "STATIC,"
	if r.Dynamic {
		text = "DYNAMIC,"
	}
	text += r.Role
	if r.Principal != "" {
		text += "," + r.Principal
	}
	if len(r.Labels) > 0 {
		text += "," + formatLabels(r.Labels)
	}
	return text
}

func formatLabels(labels []Label) string {
	parts := make([]string, len(labels))
	for i, label := range labels {
		parts[i] = label.Key
		if label.HasValue {
			parts[i] += ": " + label.Value
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func writeDisk(b *strings.Builder, d *Disk) {
	if d.Source != nil {
		b.WriteString(d.Source.String())
	}
	if d.Persistence != nil {
		if d.Source != nil {
			b.WriteByte(',')
		}
		b.WriteString(d.Persistence.ID)
	}
	if d.Volume != nil {
		b.WriteString(":" + d.Volume.String())
	}
}

// String is the form that Mesos logs, such as "MOUNT:/mnt/1" or
// "RAW(vendor,id,profile)".
func (s Source) String() string {
	switch {
	case s.ID != "" || s.Profile != "":
		return s.Type.String() + "(" + s.Vendor + "," + s.ID + "," + s.Profile + ")"
	case s.HasRoot:
		return s.Type.String() + ":" + s.Root
	default:
		return s.Type.String()
	}
}

// String is the form that Mesos logs, such as "/host:/container:ro".
func (v Volume) String() string {
	switch {
	case v.HostPath == "":
		return v.ContainerPath
	case v.ReadOnly:
		return v.HostPath + ":" + v.ContainerPath + ":ro"
	default:
		return v.HostPath + ":" + v.ContainerPath + ":rw"
	}
}
