package get

import (
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
)

func TestSelector(t *testing.T) {
	labels := map[string]string{"state": "TASK_RUNNING", "rack": "", "a": "x=y"}
	for text, want := range map[string]bool{
		"": true, "state=TASK_RUNNING": true, "state==TASK_RUNNING": true, "state=TASK_FAILED": false, "state!=TASK_FAILED": true,
		"state!=TASK_RUNNING": false, "rack": true, "!rack": false, "zone": false, "!zone": true, "zone!=b": true, "zone=": false,
		"rack=": true, "a=x=y": true, "rack, state=TASK_RUNNING": true, "rack,zone": false,
	} {
		s, err := parseSelector(text)
		if err != nil || s.fits(labels) != want {
			t.Errorf("%q fits: %v, %v", text, s.fits(labels), err)
		}
	}
	for _, text := range []string{"=x", "!", "a,,b", "!=x"} {
		if _, err := parseSelector(text); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%q is taken: %v", text, err)
		}
	}
}
