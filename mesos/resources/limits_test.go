package resources

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
)

// The rules here are those of https://mesos.apache.org/documentation/latest/quota/.

func limits(t *testing.T, text string) Limits {
	t.Helper()
	l, err := ParseLimits(text)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// covers: LimitsTest.FromStringValid
func TestParseLimits(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "{}",
		"cpus:12":                   "cpus:12",
		"cpus:2.75":                 "cpus:2.75",
		" cpus : 2.75 ; disk : 12 ": "cpus:2.75; disk:12",
		"cpus:0":                    "cpus:0",
		"cpus:12.5;ports:1":         "cpus:12.5; ports:1",
		"ports:3;cpus:12.5":         "cpus:12.5; ports:3",
	} {
		if got := limits(t, text).String(); got != want {
			t.Errorf("%q are the limits %s, want %s", text, got, want)
		}
	}
	if limit, limited := limits(t, "cpus:0").Get("cpus"); limit != 0 || !limited {
		t.Errorf("cpus:0 is %v, %v", limit, limited)
	}
	if _, limited := limits(t, "cpus:0").Get("mem"); limited {
		t.Error("what isn't named is limited")
	}
	if got := NewLimits(Quantity{"b", 1}, Quantity{"a", -1}, Quantity{"b", 2000}).String(); got != "a:0; b:2" {
		t.Errorf("NewLimits are %s", got)
	}
}

// covers: LimitsTest.FromStringInvalid
func TestParseLimitsErrors(t *testing.T) {
	bad := map[string]string{"cpus:1;cpus:2": "cpus is limited twice"}
	for text, cause := range badQuantities {
		bad[text] = cause
	}
	for text, cause := range bad {
		got, err := ParseLimits(text)
		if mesos.KindOf(err) != mesos.Invalid || err == nil || !strings.Contains(err.Error(), cause) {
			t.Errorf("ParseLimits(%q) = %v, error %v, want one with %q", text, got, err, cause)
		}
	}
}

// covers: LimitsTest.Contains
func TestLimitsContain(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"", "", true},
		{"", "cpus:1", true},
		{"cpus:1", "", false},
		{"cpus:1;mem:1", "cpus:1;mem:1", true},
		{"cpus:1;mem:1", "cpus:1;mem:1;disk:1", true},
		{"cpus:1;mem:1;disk:1", "cpus:1;mem:1", false},
		{"cpus:1;mem:1", "cpus:1;disk:1", false},
		{"cpus:1;disk:1", "cpus:1;mem:1", false},
		{"cpus:1;mem:1", "gpu:1;disk:1", false},
		{"cpus:2;mem:2", "cpus:2;mem:1", true},
		{"cpus:2;mem:1", "cpus:2;mem:2", false},
	} {
		if got := limits(t, test.a).Contains(limits(t, test.b)); got != test.want {
			t.Errorf("%q contains %q: %v", test.a, test.b, got)
		}
	}
}

// covers: LimitsTest.ContainsQuantities
func TestLimitsAllow(t *testing.T) {
	for _, test := range []struct {
		limits, quantities string
		want               bool
	}{
		{"", "", true},
		{"", "cpus:1", true},
		{"cpus:1", "", true},
		{"cpus:1;mem:1", "cpus:1;mem:1", true},
		{"cpus:1;mem:1;disk:1", "cpus:1;mem:1", true},
		{"cpus:1;mem:1", "cpus:1;mem:1;disk:1", true},
		{"cpus:1;mem:1", "cpus:1;disk:1", true},
		{"cpus:1;mem:1", "gpu:1;disk:1", true},
		{"cpus:2;mem:2", "cpus:2;mem:1", true},
		{"cpus:2;mem:1", "cpus:2;mem:2", false},
		{"cpus:0", "cpus:1", false},
	} {
		if got := limits(t, test.limits).Allows(quantities(t, test.quantities)); got != test.want {
			t.Errorf("%q allow %q: %v", test.limits, test.quantities, got)
		}
	}
}

// covers: LimitsTest.SubtractQuantities
func TestLimitsSub(t *testing.T) {
	for _, test := range []struct{ limits, quantities, want string }{
		{"", "", ""},
		{"", "cpus:10", ""},
		{"cpus:1", "", "cpus:1"},
		{"cpus:1", "cpus:1", "cpus:0"},
		{"cpus:1", "cpus:2", "cpus:0"},
		{"cpus:1;mem:10", "cpus:1", "cpus:0;mem:10"},
		{"cpus:1;mem:10", "cpus:1;disk:10", "cpus:0;mem:10"},
		{"cpus:1;mem:10", "cpus:1;mem:5;disk:10", "cpus:0;mem:5"},
	} {
		if got := limits(t, test.limits).Sub(quantities(t, test.quantities)); !got.Equal(limits(t, test.want)) {
			t.Errorf("%q - %q = %v, want %q", test.limits, test.quantities, got, test.want)
		}
	}
}

func TestLimitsAsJSON(t *testing.T) {
	want := NewLimits(Quantity{"cpus", 0}, Quantity{"mem", 1500})
	text, err := json.Marshal(want)
	if err != nil || string(text) != `{"cpus":0,"mem":1.5}` {
		t.Fatalf("got %s, %v", text, err)
	}
	var got Limits
	if err := json.Unmarshal(text, &got); err != nil || !got.Equal(want) {
		t.Errorf("got %v, %v", got, err)
	}
	if err := got.UnmarshalJSON([]byte(`{"cpus":-1}`)); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("got %v", err)
	}
}

// TestFit holds Fit to what ShrinkToLimits leaves of the same amounts.
func TestFit(t *testing.T) {
	for _, test := range []struct{ limits, wanted, inUse, fits string }{
		{"", "cpus:4;mem:8", "cpus:100", "cpus:4;mem:8"},
		{"cpus:4", "cpus:3;mem:8", "cpus:1", "cpus:3;mem:8"},
		{"cpus:4;mem:4", "cpus:3;mem:8", "cpus:2", "cpus:2;mem:4"},
		{"cpus:4;mem:0", "cpus:3;mem:8", "cpus:9", ""},
		{"fpga:2", "cpus:3;fpga:2;tpu:1", "fpga:1", "cpus:3;fpga:1;tpu:1"},
		{"fpga:2", "cpus:3;fpga:2;tpu:1", "fpga:2", "cpus:3;tpu:1"},
	} {
		limits := limits(t, test.limits)
		wanted, inUse := quantities(t, test.wanted), quantities(t, test.inUse)
		if got := limits.Fit(wanted, inUse); !got.Equal(quantities(t, test.fits)) {
			t.Errorf("%s of %s beside %s: got %v, want %s", test.limits, test.wanted, test.inUse, got, test.fits)
		}
		if got := MustParse(test.wanted).ShrinkToLimits(limits.Sub(inUse)).Quantities(); !got.Equal(quantities(t, test.fits)) {
			t.Errorf("%s of %s beside %s: shrunk to %v, not %s", test.limits, test.wanted, test.inUse, got, test.fits)
		}
	}
}

// TestUnreservedScalars is about what quota is about.
func TestUnreservedScalars(t *testing.T) {
	r := MustParse("cpus:4;mem(eng):8;disk:2;ports:[1-2];tags:{a}")
	r = r.Add(Of(Resource{Name: "gpus", Kind: KindScalar, Scalar: mesos.OneScalar, Revocable: true}))
	want := quantities(t, "cpus:4;disk:2")
	if got := r.UnreservedScalars().Quantities(); !got.Equal(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := r.UnreservedQuantities(); !got.Equal(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestArithmeticOfQuantitiesAllocatesNothing is about the usual names.
func TestArithmeticOfQuantitiesAllocatesNothing(t *testing.T) {
	a, b := quantities(t, "cpus:4;mem:8;disk:3"), quantities(t, "cpus:1;gpus:2;mem:9")
	allowed, r := limits(t, "cpus:3;mem:1"), MustParse("cpus:4;mem(eng):8;disk:2;ports:[1-2]")
	allocs := testing.AllocsPerRun(10, func() {
		allowed.Fit(a.Add(b).Sub(a).Min(b).Add(r.Quantities()).Sub(r.UnreservedQuantities()), a)
	})
	if allocs > 0 {
		t.Errorf("%v objects are allocated", allocs)
	}
}
