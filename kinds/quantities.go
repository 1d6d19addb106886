package kinds

import (
	"strings"

	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// scalar sums a scalar resource, whoever it is reserved for.
func scalar(list []*mesospb.Resource, name string) float64 {
	sum := 0.0
	for _, r := range list {
		if r.GetName() == name {
			sum += r.GetScalar().GetValue()
		}
	}
	return sum
}

// of shows how much of a total is used.
func of(used, total float64) Cell {
	c := amount(used)
	c.Text += "/" + amount(total).Text
	return c
}

// resourceText is resources as --resources has them.
func resourceText(list []*mesospb.Resource) string {
	rs, err := convert.Resources(list)
	if err != nil {
		return "?"
	}
	if rs.IsEmpty() {
		return ""
	}
	return strings.ReplaceAll(rs.Unallocate().String(), "; ", ";")
}

// quantitiesText is amounts by name.
func quantitiesText(amounts map[string]float64, order []string) string {
	var parts []string
	for _, name := range order {
		parts = append(parts, name+":"+resources.Scalar(amounts[name]*1000+0.5).String())
	}
	if parts == nil {
		return "-"
	}
	return strings.Join(parts, ";")
}
