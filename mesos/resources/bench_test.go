package resources

import (
	"fmt"
	"strings"
	"testing"
)

// pair is two bags to compute with.
type pair struct {
	name string
	a, b Resources
}

// benchmarkPairs is what masters and allocators compute with most, and the
// extremes.
func benchmarkPairs(tb testing.TB) []pair {
	agent := MustParse("cpus:64;gpus:4;mem:262144;disk:2000000;ports:[31000-32000]")
	task := MustParse("cpus:0.5;mem:128;disk:256;ports:[31007-31008]")
	var reserved Resources
	for i := range 1000 {
		layer := Reservation{
			Dynamic:   true,
			Role:      fmt.Sprint("role", i),
			Principal: fmt.Sprint("principal", i),
			Labels:    []Label{{Key: fmt.Sprint("key", i), Value: "value", HasValue: true}},
		}
		part, err := MustParse("cpus:1;mem:128").PushReservation(layer)
		if err != nil {
			tb.Fatal(err)
		}
		reserved = reserved.Add(part)
	}
	volume := Of(Resource{
		Name:         "disk",
		Scalar:       256_000,
		Shared:       true,
		Reservations: []Reservation{{Role: "test"}},
		Disk:         &Disk{Persistence: &Persistence{ID: "id"}},
	})
	return []pair{
		{"task", agent, task},
		{"scalars", MustParse("cpus:1;gpus:1;mem:128;disk:256"), MustParse("cpus:1;mem:128")},
		{"shared", MustParse("cpus:1;mem:128").Add(volume).Add(volume), MustParse("cpus:1;mem:128").Add(volume)},
		{"1000reservations", reserved, reserved},
		{"fragmented", MustParse("ports:[1-16000]"), Of(Resource{Name: "ports", Kind: KindRanges, Ranges: strided(8000, 1, 2, 0)})},
		{"1000overlaps",
			Of(Resource{Name: "ports", Kind: KindRanges, Ranges: strided(1000, 1, 10, 5)}),
			Of(Resource{Name: "ports", Kind: KindRanges, Ranges: strided(1000, 3, 10, 5)})},
	}
}

// strided is n ranges of a length, each a stride after the one before.
func strided(n int, first, stride, length uint64) Ranges {
	ranges := make(Ranges, n)
	for i := range ranges {
		begin := first + uint64(i)*stride
		ranges[i] = Range{Begin: begin, End: begin + length}
	}
	return ranges
}

// What is measured is right, too.
//
// covers: Resources_Scalar_Arithmetic_BENCHMARK_Test.Arithmetic
// covers: Resources_Ranges_BENCHMARK_Test.ArithmeticOverlapping
// covers: Resources_Contains_BENCHMARK_Test.Contains
// covers: Resources_Filter_BENCHMARK_Test.Filters
// covers: Resources_Parse_BENCHMARK_Test.Parse
func TestLargeResources(t *testing.T) {
	for _, p := range benchmarkPairs(t) {
		overlaps := p.name == "1000overlaps"
		expectContains(t, p.a, p.b, !overlaps)
		expectContains(t, p.a, p.a, true)
		expectContains(t, p.b, p.a, p.name == "1000reservations")
		if scalars := p.a.Scalars(); !scalars.Add(scalars).Sub(scalars).Equal(scalars) || !scalars.Sub(scalars).IsEmpty() {
			t.Errorf("%s: subtracting does not undo adding", p.name)
		}
		if overlaps {
			sum, difference := p.a.Add(p.b).Ports(), p.a.Sub(p.b).Ports()
			expectRanges(t, sum, strided(1000, 1, 10, 7))
			expectRanges(t, difference, strided(1000, 1, 10, 1))
		}
		expectEqual(t, p.name+", not revocable", p.a.NonRevocable(), p.a)
		expect(t, p.name+", revocable", p.a.Revocable(), "")
		expectEqual(t, p.name+", reserved and not", p.a.Reserved().Add(p.a.Unreserved()), p.a)
	}
	r := MustParse(manyResources())
	if r.Len() != 99 || r.ScalarOf("res42") != 42_000 {
		t.Errorf("parsed %v", r)
	}
}

func expectRanges(t *testing.T, got, want Ranges) {
	t.Helper()
	if !got.Equal(want) {
		t.Errorf("the ranges are %v, want %v", got, want)
	}
}

// manyResources is the text form of 99 resources and an empty one.
func manyResources() string {
	var parts []string
	for i := range 100 {
		parts = append(parts, fmt.Sprintf("res%d:%d", i, i))
	}
	return strings.Join(parts, ";")
}

func BenchmarkArithmetic(b *testing.B) {
	for _, p := range benchmarkPairs(b) {
		b.Run("add/"+p.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.a.Add(p.b)
			}
		})
		b.Run("sub/"+p.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.a.Sub(p.b)
			}
		})
	}
}

func BenchmarkContains(b *testing.B) {
	for _, p := range benchmarkPairs(b) {
		b.Run("part/"+p.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.a.Contains(p.b)
			}
		})
		b.Run("self/"+p.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.a.Contains(p.a)
			}
		})
	}
}

func BenchmarkFilters(b *testing.B) {
	mixed := MustParse("cpus:1;mem:128;ports:[31000-32000];cpus(web):1;mem(web):128").Allocate("web")
	filters := map[string]func(Resources) Resources{
		"nonRevocable":  Resources.NonRevocable,
		"revocable":     Resources.Revocable,
		"unreserved":    Resources.Unreserved,
		"reservedTo":    func(r Resources) Resources { return r.ReservedTo("web") },
		"allocatableTo": func(r Resources) Resources { return r.AllocatableTo("web") },
		"unallocate":    Resources.Unallocate,
	}
	for name, filter := range filters {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				filter(mixed)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	text := manyResources()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(text, "*"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkQuantities(b *testing.B) {
	agent := MustParse("cpus:64;gpus:4;mem:262144;disk:2000000;ports:[31000-32000]")
	whole, part := agent.Quantities(), MustParse("cpus:1;mem:128").Quantities()
	limits := NewLimits(Quantity{"cpus", 1000}, Quantity{"mem", 1000})
	var sink Quantities
	operations := map[string]func(){
		"of":       func() { sink = agent.Quantities() },
		"add":      func() { sink = whole.Add(part) },
		"sub":      func() { sink = whole.Sub(part) },
		"contains": func() { whole.Contains(part) },
		"get":      func() { whole.Get("mem") },
		"allows":   func() { limits.Allows(part) },
		"within":   func() { agent.ContainsQuantities(part) },
	}
	for name, operation := range operations {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				operation()
			}
		})
	}
	_ = sink
}
