package fetch

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"sync"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
)

// Cache keeps downloads, for who fetches from the same URI as the same user. What
// has not been used for the longest time goes when there is no room.
type Cache struct {
	root  *os.Root
	limit int64

	mu      sync.Mutex
	used    int64 // by entries, reservations included
	serial  int
	entries map[key]*entry
	recent  list.List // of *entry; used last at the back
}

// key is what tells entries apart. Users don't share what they may read.
type key struct {
	uid uint32
	uri string
}

func keyOf(i item, user *supervise.User) key {
	uid := uint32(os.Geteuid())
	if user != nil {
		uid = user.UID
	}
	return key{uid, i.uri.GetValue()}
}

// entry is one file of the cache.
type entry struct {
	key   key
	name  string
	size  int64 // what is reserved for it; once done, what it has
	users int   // who wait for it or read it; it stays while there are any
	place *list.Element
	done  chan struct{} // closed once it is complete or has failed
	err   error         // why it has failed
}

// bypass is why something can't go by way of the cache, but may go past it.
type bypass struct{ error }

func (b *bypass) Unwrap() error { return b.error }

// cacheFile is what the cache's files are called: a serial number, and something
// of the URI for people who look.
var cacheFile = regexp.MustCompile(`^c[0-9]+-`)

// OpenCache makes a cache in a directory, of at most limit bytes. The directory is
// made; what an earlier agent kept there is removed, for nobody knows any more
// what it was.
func OpenCache(dir string, limit mesos.Bytes) (*Cache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("fetcher cache: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("fetcher cache: %w", err)
	}
	c := &Cache{root: root, limit: int64(limit), entries: map[key]*entry{}}
	files, err := fs.ReadDir(root.FS(), ".")
	for _, file := range files {
		if err == nil && cacheFile.MatchString(file.Name()) && file.Type().IsRegular() {
			err = root.Remove(file.Name())
		}
	}
	if err != nil {
		_ = root.Close()
		return nil, fmt.Errorf("fetcher cache: %w", err)
	}
	return c, nil
}

// Close ends the use of the cache. What it holds stays until it is opened again.
func (c *Cache) Close() error { return c.root.Close() }

// Size is how many bytes the cache may hold, and how many it does.
func (c *Cache) Size() (total, used int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.limit, c.used
}

// cached is a file of the cache, which stays until it is closed.
type cached struct {
	file  *os.File
	close func()
}

// get returns what is kept for a key, once it is there. If it is not, it is
// downloaded by the first who asks; who asks meanwhile waits, and gets the same
// error if that fails, unless it was given up. The error is a *bypass if the
// cache can't hold it.
func (c *Cache) get(ctx context.Context, k key, name string, download func(*target) error) (*cached, error) {
	if c.limit == 0 {
		return nil, &bypass{mesos.Errorf(mesos.Unavailable, "it keeps nothing")}
	}
	for {
		e, fresh := c.acquire(k, name)
		if fresh {
			c.finish(e, c.fill(e, download))
		}
		select {
		case <-e.done:
		case <-ctx.Done():
			c.release(e)
			return nil, context.Cause(ctx)
		}
		if e.err == nil {
			file, err := c.open(e)
			if err == nil {
				return &cached{file, func() { _ = file.Close(); c.release(e) }}, nil
			}
			if fresh {
				c.drop(e)
				c.release(e)
				return nil, &bypass{err}
			}
			c.drop(e) // somebody removed or changed the file
		}
		c.release(e)
		if e.err != nil && (fresh || !errors.Is(e.err, context.Canceled)) {
			return nil, e.err
		}
	}
}

// acquire returns the entry for a key, to be released. A fresh one is to be filled.
func (c *Cache) acquire(k key, name string) (e *entry, fresh bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e = c.entries[k]; e != nil {
		e.users++
		c.recent.MoveToBack(e.place)
		return e, false
	}
	c.serial++
	e = &entry{key: k, name: "c" + strconv.Itoa(c.serial) + "-" + abbreviate(name), users: 1, done: make(chan struct{})}
	e.place = c.recent.PushBack(e)
	c.entries[k] = e
	return e, true
}

// abbreviate keeps of a name what people know it by, and its end, which says what
// kind of archive it is.
func abbreviate(name string) string {
	const most, part = 20, 10
	if len(name) <= most {
		return name
	}
	return name[:part] + "_" + name[len(name)-part:]
}

func (c *Cache) release(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.users--
}

// fill downloads a fresh entry.
func (c *Cache) fill(e *entry, download func(*target) error) error {
	to := &target{
		create: func() (*os.File, error) {
			file, err := c.root.OpenFile(e.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return nil, &bypass{err}
			}
			return file, nil
		},
		room: func(size int64) error { return c.reserve(e, size) },
	}
	err := to.end(download(to))
	if ours := (*fs.PathError)(nil); errors.As(err, &ours) && to.file != nil && ours.Path == to.file.Name() {
		err = &bypass{err} // the cache's disk is full, say
	}
	if err == nil {
		c.mu.Lock()
		c.used += to.size - e.size
		e.size = to.size
		c.mu.Unlock()
	}
	return err
}

// finish tells who waits what came of an entry.
func (c *Cache) finish(e *entry, err error) {
	e.err = err
	if err != nil {
		c.drop(e)
	}
	close(e.done)
}

// growth is by how much an entry of unknown size grows at once.
const growth = 1 << 20

// reserve makes room for an entry to have size bytes, by removing others that
// nobody uses. None is removed if that would not be enough.
func (c *Cache) reserve(e *entry, size int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if size <= e.size {
		return nil
	}
	if e.size > 0 { // it is larger than was announced, or nothing was
		if err := c.makeRoom(e, size+growth); err == nil {
			return nil
		}
	}
	return c.makeRoom(e, size)
}

func (c *Cache) makeRoom(e *entry, size int64) error {
	missing := c.used - e.size + size - c.limit
	var victims []*entry
	for at := c.recent.Front(); at != nil && missing > 0; at = at.Next() {
		if victim := at.Value.(*entry); victim.users == 0 {
			victims = append(victims, victim)
			missing -= victim.size
		}
	}
	if missing > 0 {
		return &bypass{mesos.Errorf(mesos.Unavailable, "%s do not fit into the fetcher cache, which has %s", mesos.Bytes(size), mesos.Bytes(c.limit))}
	}
	for _, victim := range victims {
		c.dropLocked(victim)
	}
	c.used += size - e.size
	e.size = size
	return nil
}

// open opens the file of an entry that is complete, if it still is.
func (c *Cache) open(e *entry) (*os.File, error) {
	file, err := c.root.Open(e.name)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && (info.Size() != e.size || !info.Mode().IsRegular()) {
		err = mesos.Errorf(mesos.Unavailable, "%s was changed", e.name)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

// drop forgets an entry and removes its file. Who reads the file goes on.
func (c *Cache) drop(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropLocked(e)
}

func (c *Cache) dropLocked(e *entry) {
	if c.entries[e.key] != e {
		return
	}
	delete(c.entries, e.key)
	c.recent.Remove(e.place)
	c.used -= e.size
	_ = c.root.Remove(e.name) // what can't be removed is when the cache is opened again
}
