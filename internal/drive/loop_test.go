package drive

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// echoCore returns its inputs, and asks for one tick a second after each "later".
type echoCore struct{ next time.Time }

func (c *echoCore) Step(now time.Time, in string) []string {
	switch in {
	case "tick":
		c.next = time.Time{}
	case "later":
		c.next = now.Add(time.Second)
	}
	return []string{in}
}

func (c *echoCore) Next() time.Time { return c.next }

func TestLoopStepsInOrderAndTicksWhenTheTimeHasCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		start := time.Now()
		var got []string
		l := New[string, string](&echoCore{}, "tick", func(effects []string) {
			for _, e := range effects {
				got = append(got, fmt.Sprintf("%v %s", time.Since(start), e))
			}
		})
		done := make(chan error)
		go func() { done <- l.Run(ctx) }()
		for _, in := range []string{"a", "later", "b"} {
			if !l.Put(in) {
				t.Fatalf("put %q: refused", in)
			}
		}
		synctest.Wait()
		if !l.Inspect(ctx, func() { got = append(got, "inspected") }) {
			t.Error("a loop at rest was not inspected")
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Fatalf("run: %v", err)
		}
		want := []string{"0s a", "0s later", "0s b", "inspected", "1s tick"}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("effects: got %q, want %q", got, want)
		}
		if l.Inspect(ctx, func() {}) {
			t.Error("an ended loop was inspected")
		}
		if l.Put("late") {
			t.Error("an ended loop took an input")
		}
	})
}

func TestInboxMakesTheNetworkWaitButNeverACore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newInbox[int]()
		for i := range inboxLimit + 1 {
			b.Put(i)
		}
		put := false
		go func() {
			b.PutWait(-1)
			put = true
		}()
		synctest.Wait()
		if put {
			t.Fatal("PutWait went through a full inbox")
		}
		if n := b.Waiting(); n != inboxLimit+1 {
			t.Fatalf("%d inputs wait, want %d", n, inboxLimit+1)
		}
		if n := len(b.take(nil)); n != inboxLimit+1 {
			t.Fatalf("took %d inputs, want %d", n, inboxLimit+1)
		}
		synctest.Wait()
		if !put {
			t.Fatal("PutWait still waits at an empty inbox")
		}
	})
}
