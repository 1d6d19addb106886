package pick

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func frameworks(idAndName ...string) *masterpb.Response_GetFrameworks {
	all := new(masterpb.Response_GetFrameworks)
	for i := 0; i < len(idAndName); i += 2 {
		all.Frameworks = append(all.Frameworks, &masterpb.Response_GetFrameworks_Framework{FrameworkInfo: &mesospb.FrameworkInfo{
			Id: &mesospb.FrameworkID{Value: proto.String(idAndName[i])}, Name: proto.String(idAndName[i+1]),
		}})
	}
	return all
}

func TestFramework(t *testing.T) {
	all := frameworks("m1-0000", "web", "m1-0001", "jobs", "m2-0001", "jobs", "x9-0005", "m1")
	for text, want := range map[string]struct {
		id   mesos.FrameworkID
		says string
	}{
		"m1-0000": {id: "m1-0000"},
		"web":     {id: "m1-0000"},
		"m2":      {id: "m2-0001"},
		"m1":      {id: "x9-0005"}, // a name goes before the beginning of an ID
		"0000":    {id: "m1-0000"},
		"m":       {says: "any of 3 frameworks"},
		"0001":    {says: "any of 2 frameworks: m1-0001 (jobs), m2-0001 (jobs)"},
		"jobs":    {says: "any of 2"},
		"000":     {says: `no framework "000"; there is m1-0000 (web)`},
		"":        {says: "no name"},
	} {
		id, err := Framework(all, text)
		if id != want.id || (err == nil) != (want.says == "") || err != nil && !strings.Contains(err.Error(), want.says) {
			t.Errorf("%q is %q, %v; want %q %s", text, id, err, want.id, want.says)
		}
	}
	if _, err := Framework(frameworks(), "web"); mesos.KindOf(err) != mesos.NotFound {
		t.Errorf("of none: %v", err)
	}
}

func TestErrorsNameAFewCandidates(t *testing.T) {
	_, err := Framework(frameworks("a1", "", "a2", "", "a3", "", "a4", "", "a5", "", "a6", "", "a7", ""), "a")
	if err == nil || !strings.HasSuffix(err.Error(), "a5, and 2 more") {
		t.Errorf("error is %v", err)
	}
}
