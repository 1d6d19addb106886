package allocator

import (
	"regexp"
	"strings"

	"github.com/mesosctl/mesosctl/mesos/resources"
)

// word is a resource in a story: "~cpus(eng>eng/web):1" is revocable (~) and has
// a refined reservation (>), "cpus(+eng):1" a dynamic one (+); "disk(eng)#v1:5" is a persistent volume, "#v1!" a
// shared one, "#v1!2" two copies of it; "disk^m1:5" is a disk that is mounted.
var word = regexp.MustCompile(`^(~?)(\w+)(?:\(([^)]*)\))?(?:#(\w+)(!?)(\d?))?(?:\^(\w+))?:(.+)$`)

// parse reads resources as stories write them.
func parse(text string) resources.Resources {
	var all resources.Resources
	for part := range strings.SplitSeq(text, ";") {
		m := word.FindStringSubmatch(part)
		if m == nil {
			panic("no resource: " + part)
		}
		var r resources.Resource
		for r = range resources.MustParse(m[2] + ":" + m[8]).All() {
			break
		}
		r.Revocable = m[1] != ""
		if m[3] != "" {
			for i, role := range strings.Split(m[3], ">") {
				role, dynamic := strings.CutPrefix(role, "+")
				r.Reservations = append(r.Reservations, resources.Reservation{Role: role, Dynamic: dynamic || i > 0})
			}
		}
		if m[4] != "" {
			r.Disk = &resources.Disk{Persistence: &resources.Persistence{ID: m[4]}}
			r.Shared = m[5] != ""
		}
		if m[7] != "" {
			r.Disk = &resources.Disk{Source: &resources.Source{Type: resources.SourceMount, Root: m[7]}}
		}
		copies := 1
		if m[6] != "" {
			copies = int(m[6][0] - '0')
		}
		for range copies {
			all = all.Add(resources.Of(r))
		}
	}
	return all
}

// words are resources as parse reads them.
func words(r resources.Resources) string {
	var parts []string
	for res := range r.All() {
		var b strings.Builder
		if res.Revocable {
			b.WriteByte('~')
		}
		b.WriteString(res.Name)
		if len(res.Reservations) > 0 {
			var roles []string
			for _, layer := range res.Reservations {
				if role := layer.Role; layer.Dynamic && len(roles) == 0 {
					roles = append(roles, "+"+role)
				} else {
					roles = append(roles, role)
				}
			}
			b.WriteString("(" + strings.Join(roles, ">") + ")")
		}
		if res.Disk != nil && res.Disk.Persistence != nil {
			b.WriteString("#" + res.Disk.Persistence.ID)
			if res.Shared {
				b.WriteString("!" + string(rune('0'+r.Count(res))))
			}
		}
		if res.Disk != nil && res.Disk.Source != nil {
			b.WriteString("^" + res.Disk.Source.Root)
		}
		b.WriteByte(':')
		if res.Kind == resources.KindRanges {
			b.WriteString(strings.ReplaceAll(res.Ranges.String(), " ", ""))
		} else {
			b.WriteString(res.Scalar.String())
		}
		parts = append(parts, b.String())
	}
	return strings.Join(parts, "; ")
}
