package live

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// master is one that answers without a network.
type master struct {
	mu      sync.Mutex
	down    bool
	refuse  map[masterpb.Call_Type]int // the status of what it refuses
	asked   []masterpb.Call_Type
	tries   []time.Time // to subscribe
	streams []*io.PipeWriter
}

// RoundTrip implements http.RoundTripper.
func (m *master) RoundTrip(r *http.Request) (*http.Response, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	answer := func(status int, body io.ReadCloser) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{"Content-Type": {wire.JSON.String()}}, Body: body, ContentLength: -1, Request: r,
		}, nil
	}
	said := func(status int, text string) (*http.Response, error) {
		return answer(status, io.NopCloser(strings.NewReader(text)))
	}
	if r.URL.Path != "/api/v1" {
		return said(http.StatusNotFound, "")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	call := new(masterpb.Call)
	if err := wire.UnmarshalJSON(body, call); err != nil {
		return nil, err
	}
	if call.GetType() == masterpb.Call_SUBSCRIBE {
		m.tries = append(m.tries, time.Now())
	} else {
		m.asked = append(m.asked, call.GetType())
	}
	if m.down {
		return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	if status := m.refuse[call.GetType()]; status != 0 {
		return said(status, "not for you")
	}
	if call.GetType() != masterpb.Call_SUBSCRIBE {
		return said(http.StatusOK, `{"type":"`+call.GetType().String()+`"}`)
	}
	read, write := io.Pipe()
	m.streams = append(m.streams, write)
	context.AfterFunc(r.Context(), func() { write.CloseWithError(r.Context().Err()) })
	first := io.MultiReader(bytes.NewReader(wire.AppendRecord(nil, []byte(`{"type":"SUBSCRIBED","subscribed":{"get_state":{}}}`))), read)
	return answer(http.StatusOK, struct {
		io.Reader
		io.Closer
	}{first, read})
}

// fall ends every stream and answers nothing until it rises.
func (m *master) fall() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = true
	for _, s := range m.streams {
		s.CloseWithError(io.ErrUnexpectedEOF)
	}
	m.streams = nil
}

func (m *master) rise() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = false
}

// calls are those that were made since it was asked last.
func (m *master) calls() []masterpb.Call_Type {
	m.mu.Lock()
	defer m.mu.Unlock()
	asked := m.asked
	m.asked = nil
	return asked
}

func (m *master) attempts() []time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	tries := m.tries
	m.tries = nil
	return tries
}

// follow runs a test with a Live that follows a master, in virtual time.
func follow(t *testing.T, m *master, test func(l *Live, learned func() []any)) {
	synctest.Test(t, func(t *testing.T) {
		c, err := client.New(client.Config{Masters: []string{"m1:5050"}, MediaType: wire.JSON, Transport: m})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		l := New(c)
		wait, err := l.Start(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer wait()
		defer cancel()
		test(l, func() []any {
			synctest.Wait()
			var items []any
			for {
				ctx, cancel := context.WithTimeout(ctx, 2*frame)
				b, err := l.Next(ctx)
				cancel()
				if err != nil {
					return items
				}
				items = append(items, b.Items...)
			}
		})
	})
}

func TestALostMasterIsSoughtWithPausesThatGrow(t *testing.T) {
	m := &master{}
	follow(t, m, func(l *Live, learned func() []any) {
		if items := learned(); len(items) != 2 {
			t.Fatalf("it begins with %v", items)
		}
		m.attempts()
		lost := time.Now()
		m.fall()
		time.Sleep(30 * time.Second)
		tries := m.attempts()
		if len(tries) < 6 || len(tries) > 12 {
			t.Errorf("%d attempts in 30s", len(tries))
		}
		before, pause := lost, time.Duration(0)
		for _, at := range tries {
			next := at.Sub(before)
			if next < pause || next > lastPause {
				t.Errorf("a pause of %v after one of %v", next, pause)
			}
			before, pause = at, next
		}
		attempts := -1
		for _, item := range learned() {
			s, ok := item.(Status)
			if !ok {
				t.Fatalf("told %T without a master", item)
			}
			if s.Lost.IsZero() || s.Err == nil || s.Attempts != attempts+1 || !s.Next.After(s.Lost) {
				t.Errorf("told %+v", s)
			}
			attempts = s.Attempts
		}

		m.rise()
		l.Retry() // a person does not wait
		items := learned()
		if n := len(items); n < 2 {
			t.Fatalf("told %v", items)
		}
		if s, ok := items[len(items)-2].(Status); !ok || !s.Lost.IsZero() || s.Leader != "m1:5050" {
			t.Errorf("told %+v", items[len(items)-2])
		}
		if _, ok := items[len(items)-1].(Snapshot); !ok {
			t.Errorf("told %T", items[len(items)-1])
		}
	})
}

func TestOnlyWhatIsWantedIsAskedFor(t *testing.T) {
	m := &master{}
	follow(t, m, func(l *Live, learned func() []any) {
		time.Sleep(time.Minute)
		if asked := m.calls(); len(asked) != 0 {
			t.Errorf("asked for %v", asked)
		}
		l.Want([]masterpb.Call_Type{masterpb.Call_GET_METRICS, masterpb.Call_GET_WEIGHTS})
		time.Sleep(20500 * time.Millisecond)
		counts := map[masterpb.Call_Type]int{}
		for _, call := range m.calls() {
			counts[call]++
		}
		if counts[masterpb.Call_GET_METRICS] != 11 || counts[masterpb.Call_GET_WEIGHTS] != 5 || len(counts) != 2 {
			t.Errorf("in 20s it asked %v", counts)
		}
		l.Want([]masterpb.Call_Type{masterpb.Call_GET_ROLES})
		time.Sleep(time.Second)
		if asked := m.calls(); !slices.Equal(asked, []masterpb.Call_Type{masterpb.Call_GET_ROLES}) {
			t.Errorf("asked for %v", asked)
		}
		m.fall()
		synctest.Wait()
		m.calls()
		time.Sleep(time.Minute)
		if asked := m.calls(); len(asked) != 0 {
			t.Errorf("without a master it asks for %v", asked)
		}
		l.Want([]masterpb.Call_Type{masterpb.Call_GET_ROLES, ProbeMasters}) // which ones there are is asked nevertheless
		learned()
		time.Sleep(time.Minute)
		told := false
		for _, item := range learned() {
			if masters, ok := item.(Masters); ok {
				told = true
				if len(masters) != 1 || masters[0].State != "unreachable" || !strings.Contains(masters[0].Note, "connection refused") {
					t.Errorf("masters %+v", masters)
				}
			}
		}
		if asked := m.calls(); !told || slices.Contains(asked, masterpb.Call_GET_ROLES) {
			t.Errorf("without a master it asks for %v", asked)
		}
	})
}

func TestWhatAMasterRefusesIsSaidAndNotAskedForAgain(t *testing.T) {
	m := &master{refuse: map[masterpb.Call_Type]int{masterpb.Call_GET_QUOTA: http.StatusForbidden}}
	follow(t, m, func(l *Live, learned func() []any) {
		learned()
		l.Want([]masterpb.Call_Type{masterpb.Call_GET_QUOTA})
		time.Sleep(time.Minute)
		if asked := m.calls(); len(asked) != 1 {
			t.Errorf("asked for %v", asked)
		}
		items := learned()
		if len(items) != 1 {
			t.Fatalf("told %v", items)
		}
		p, ok := items[0].(Problem)
		if !ok || !p.Gone || p.Call != masterpb.Call_GET_QUOTA || mesos.KindOf(p.Err) != mesos.Forbidden || !strings.Contains(p.Err.Error(), "not for you") {
			t.Errorf("told %+v", items[0])
		}
		m.fall() // the next master may allow it
		m.rise()
		time.Sleep(10 * time.Second)
		if asked := m.calls(); len(asked) != 1 {
			t.Errorf("the next master is asked for %v", asked)
		}
	})
}

// What fails now may not fail later.
func TestWhatFailsIsAskedForAgain(t *testing.T) {
	m := &master{refuse: map[masterpb.Call_Type]int{masterpb.Call_GET_QUOTA: http.StatusInternalServerError}}
	follow(t, m, func(l *Live, learned func() []any) {
		learned()
		l.Want([]masterpb.Call_Type{masterpb.Call_GET_QUOTA})
		time.Sleep(10 * time.Second)
		if asked := m.calls(); len(asked) < 3 {
			t.Errorf("asked for %v", asked)
		}
		for _, item := range learned() {
			if p, ok := item.(Problem); !ok || p.Gone {
				t.Errorf("told %+v", item)
			}
		}
	})
}

// A master that has an answer is there, whoever leads.
func TestWhetherAMasterAnswered(t *testing.T) {
	for err, want := range map[error]bool{
		mesos.Errorf(mesos.Unavailable, "no master leads"):                                                      true,
		mesos.Errorf(mesos.Unavailable, "connect: %w", os.NewSyscallError("connect", syscall.ECONNREFUSED)):     false,
		mesos.Errorf(mesos.Unavailable, "read: %w", &net.OpError{Op: "read", Err: errors.New("use of closed")}): false,
		mesos.Errorf(mesos.TimedOut, "no answer in time: %w", context.DeadlineExceeded):                         false,
	} {
		if got := answered(err); got != want {
			t.Errorf("%v: %v", err, got)
		}
	}
}

// How far the beginning is can be asked meanwhile.
func TestHowFarLoadingIs(t *testing.T) {
	m := &master{}
	follow(t, m, func(l *Live, _ func() []any) {
		if is := l.Loading(); !is.Whole || is.Bytes < 50 || is.Master != "m1:5050" {
			t.Errorf("%+v", is)
		}
	})
	c, err := client.New(client.Config{Masters: []string{"m1:5050"}, Transport: m})
	if err != nil {
		t.Fatal(err)
	}
	if is := New(c).Loading(); is != (Loading{}) {
		t.Errorf("before it begins: %+v", is)
	}
}
