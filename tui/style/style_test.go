package style

import (
	"reflect"
	"testing"

	"charm.land/lipgloss/v2"

	"github.com/mesosctl/mesosctl/mesos"
)

// Every theme has every style, and ink is what lipgloss would draw.
func TestThemes(t *testing.T) {
	for _, name := range Names() {
		s, err := New(name)
		if err != nil {
			t.Fatal(err)
		}
		v := reflect.ValueOf(s).Elem()
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				continue
			}
			field, ok := v.Field(i).Addr().Interface().(*lipgloss.Style)
			if !ok {
				continue
			}
			if got, want := s.Draw(field, "y"), field.Render("y"); got != want {
				t.Errorf("%s: %s draws %q, lipgloss %q", name, v.Type().Field(i).Name, got, want)
			}
			if colour := field.GetForeground(); name == None && colour != (lipgloss.NoColor{}) {
				t.Errorf("%s has a colour in %s: %v", name, v.Type().Field(i).Name, colour)
			}
		}
		if len(s.Series) == 0 {
			t.Errorf("%s has no series", name)
		}
	}
	if _, err := New("pink"); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("error is %v", err)
	}
}
