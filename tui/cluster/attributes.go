package cluster

import (
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// attributes is a list of attributes as --attributes has it.
func attributes(list []*mesospb.Attribute) string {
	var b strings.Builder
	for i, a := range list {
		if i > 0 {
			b.WriteByte(';')
		}
		b.WriteString(a.GetName() + ":" + attribute(a))
	}
	return b.String()
}

func attribute(a *mesospb.Attribute) string {
	switch a.GetType() {
	case mesospb.Value_SCALAR:
		return strconv.FormatFloat(a.GetScalar().GetValue(), 'f', -1, 64)
	case mesospb.Value_TEXT:
		return a.GetText().GetValue()
	case mesospb.Value_SET:
		return "{" + strings.Join(a.GetSet().GetItem(), ",") + "}"
	case mesospb.Value_RANGES:
		var parts []string
		for _, r := range a.GetRanges().GetRange() {
			parts = append(parts, strconv.FormatUint(r.GetBegin(), 10)+"-"+strconv.FormatUint(r.GetEnd(), 10))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	return ""
}
