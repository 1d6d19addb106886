package get

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/kinds"
	"github.com/mesosctl/mesosctl/mesos"
)

const (
	// settle is how long to wait for what follows an event at once.
	settle = 200 * time.Millisecond
	// unannounced is how often to look for what no event tells of, such as offers.
	unannounced = 5 * time.Second
	// returning is how often to look for a master that is lost.
	returning = time.Second
)

// watch prints the list, and then what appears in it, changes and goes, until ctx
// ends. It looks when the master tells of an event.
func (l *lister) watch(ctx context.Context, a *app.App) error {
	shown := map[string]string{}
	first := true
	events := make(chan struct{}, 1)
	go l.listen(ctx, events)
	for {
		items, err := l.list(ctx)
		switch {
		case ctx.Err() != nil:
			return nil // a watch ends when it is told to
		case err != nil && (first || mesos.KindOf(err) != mesos.Unavailable):
			return err
		case err != nil:
			fmt.Fprintf(a.IO.Err, "%v\n", err)
			pause(ctx, returning, nil)
			continue
		}
		if err := l.print(a, l.changed(items, shown, a), first && !l.options.noHeaders); err != nil {
			return err
		}
		first = false
		pause(ctx, unannounced, events)
		pause(ctx, settle, nil)
	}
}

// changed is the items that are not as they were shown.
func (l *lister) changed(items []kinds.Item, shown map[string]string, a *app.App) []kinds.Item {
	var fresh []kinds.Item
	there := map[string]bool{}
	for _, item := range items {
		there[item.ID] = true
		if row := l.fingerprint(item); shown[item.ID] != row {
			shown[item.ID] = row
			fresh = append(fresh, item)
		}
	}
	for id := range shown {
		if !there[id] {
			delete(shown, id)
			fmt.Fprintf(a.IO.Err, "%s is gone\n", id)
		}
	}
	return fresh
}

// fingerprint is what is shown of an item but for its age, which always changes.
func (l *lister) fingerprint(item kinds.Item) string {
	row := l.columns.row(item)
	for i, header := range l.columns.headers {
		if header == "AGE" || header == "ELECTED" {
			row[i] = ""
		}
	}
	return strings.Join(row, "\x00")
}

// listen tells of the master's events, and comes back to it when it is lost.
func (l *lister) listen(ctx context.Context, told chan<- struct{}) {
	for ctx.Err() == nil {
		if stream, err := l.client.Watch(ctx); err == nil {
			for err == nil {
				if _, err = stream.Next(); err == nil {
					select {
					case told <- struct{}{}:
					default: // it is told already
					}
				}
			}
			stream.Close()
			if errors.Is(err, context.Canceled) {
				return
			}
		}
		pause(ctx, returning, nil)
	}
}

// pause waits for a while, or until something is told, or ctx ends.
func pause(ctx context.Context, d time.Duration, told <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-told:
	case <-ctx.Done():
	}
}
