package allocator

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// https://mesos.apache.org/documentation/latest/roles/

func TestSharesSayWhoHasWhat(t *testing.T) {
	s := newStory(Config{MinAllocatable: DefaultMinAllocatable()})
	for _, line := range []string{
		"quota eng limit=cpus:6 & weight ops 2 & framework F0 eng/web & framework F1 ops",
		"agent S0 cpus:4;mem:1024",
		"agent S1 cpus:4;mem:1024;cpus(eng):2",
		"decline F1 S1 ops cpus:4;mem:1024 refuse=1h",
		"suppress F1",
	} {
		s.tell(line)
	}
	shares := s.al.Shares()
	var got []string
	for _, row := range shares.Roles {
		got = append(got, line(t, row))
	}
	for _, row := range shares.Frameworks {
		got = append(got, line(t, row))
	}
	want := []string{
		`{"role":"eng","weight":1,"guarantees":{},"limits":{"cpus":6},"consumed":{"cpus":6,"mem":2048},"reserved":{"cpus":2},"held":{"cpus":6,"mem":2048},"dominant_share":1,"frameworks":0}`,
		`{"role":"eng/web","weight":1,"guarantees":{},"limits":{},"consumed":{"cpus":4,"mem":2048},"reserved":{},"held":{"cpus":6,"mem":2048},"dominant_share":1,"frameworks":1}`,
		`{"role":"ops","weight":2,"guarantees":{},"limits":{},"consumed":{},"reserved":{},"held":{},"dominant_share":0,"frameworks":1}`,
		`{"framework_id":"F0","role":"eng/web","active":true,"subscribed":true,"suppressed":false,"agents":2,"held":{"cpus":6,"mem":2048},"dominant_share":1,"filters":0}`,
		`{"framework_id":"F1","role":"ops","active":true,"subscribed":true,"suppressed":true,"agents":0,"held":{},"dominant_share":0,"filters":1}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func line(t *testing.T, row any) string {
	t.Helper()
	text, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
