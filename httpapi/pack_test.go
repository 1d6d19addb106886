package httpapi

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// What is written in parts of any size is read as it was.
func TestPartsOfAnyKindAreOneStream(t *testing.T) {
	repeated := bytes.Repeat([]byte("a part that comes again "), partBytes/10)
	for name, parts := range map[string][][]byte{
		"nothing more":           {bytes.Repeat([]byte("x"), minCompressed)},
		"the same again":         {repeated, repeated, repeated},
		"small between large":    {[]byte("begin"), repeated, []byte("middle"), repeated, []byte("end")},
		"just large enough":      {bytes.Repeat([]byte("y"), partBytes-1), []byte("z"), bytes.Repeat([]byte("y"), partBytes)},
		"not to be made smaller": {noise(3 * partBytes), noise(100)},
	} {
		h := compressed(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for _, part := range parts {
				w.Write(part)
			}
		}))
		for range 2 { // the second time from what was kept
			if unpacked(t, packed(h, http.MethodGet, "/")) != string(bytes.Join(parts, nil)) {
				t.Errorf("%s: it is not what was written", name)
			}
		}
	}
}

func noise(n int) []byte {
	b, x := make([]byte, n), uint32(1)
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = byte(x)
	}
	return b
}

// When a record changes, the parts that it is not in are not compressed again.
func TestAChangeCostsFewParts(t *testing.T) {
	config, _ := leader()
	largeCluster(config.View, 400, 10, 5)
	h := NewMaster(config)
	made := func() (n int) { // and what was read, which is right
		before := make(map[partSum]bool)
		for sum := range packs.young {
			before[sum] = true
		}
		if unpacked(t, packed(h, http.MethodGet, "/state")) != ask(h, http.MethodGet, "/state").Body.String() {
			t.Fatal("/state is something else when it is compressed")
		}
		for sum := range packs.young {
			if !before[sum] {
				n++
			}
		}
		return n
	}
	all := made()
	if all < 20 {
		t.Fatalf("there are %d parts", all)
	}
	if again := made(); again != 0 {
		t.Errorf("%d of %d parts were compressed again, and nothing has changed", again, all)
	}
	changed := task("1c8c5da7-a6e5-4f8a-8c0e-0c9b5ba4a0a5-0003", "1c8c5da7-a6e5-4f8a-8c0e-0c9b5ba4a0a5-S3", "task-3-0", mesospb.TaskState_TASK_KILLING, 1)
	name := strings.Repeat("another length ", 5)
	changed.Name = &name
	config.View.PutTask(changed, TaskActive)
	if again := made(); again == 0 || again > all/3 {
		t.Errorf("%d of %d parts were compressed again for one task", again, all)
	}
}

func TestKeptPartsAreBounded(t *testing.T) {
	var k packCache
	part := noise(1 << 20)
	for i := range 200 {
		copy(part, fmt.Sprint(i))
		k.of(part)
	}
	bytes := 0
	for _, half := range []map[partSum][]byte{k.young, k.old} {
		for _, kept := range half {
			bytes += len(kept)
		}
	}
	if bytes > 2*maxPacked || bytes < maxPacked {
		t.Errorf("%d MB are kept", bytes>>20)
	}
	if kept := len(k.old); len(k.of(part)) == 0 || len(k.old) != kept {
		t.Error("what was used last is not kept")
	}
}
