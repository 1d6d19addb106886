// Package gids gives volumes groups of their own, so that users who don't own a
// volume can write to it. See
// https://mesos.apache.org/documentation/latest/non-root-containers/.
package gids

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/mesosctl/mesosctl/internal/whole"
	"github.com/mesosctl/mesosctl/mesos"
)

// Kind is what a volume is.
type Kind string

// The kinds of volumes. A persistent volume has its group until it is destroyed,
// a sandbox's until the container of the sandbox is gone.
const (
	Persistent Kind = "PERSISTENT"
	Sandbox    Kind = "SANDBOX_PATH"
)

// Manager gives groups to volumes and remembers in a file which it gave.
type Manager struct {
	file  string
	total mesos.Ranges

	mu    sync.Mutex
	given map[string]given // by path
}

// given is the group of a volume.
type given struct {
	Path string `json:"path"`
	Gid  uint32 `json:"gid"`
	Kind Kind   `json:"kind"`
}

// maxGid is the highest group: the one after it means "none" to the kernel.
const maxGid = 1<<32 - 2

// ParseRange reads --volume_gid_range, such as "[10000-20000]".
func ParseRange(text string) (mesos.Ranges, error) {
	value, err := mesos.ParseValue(text)
	switch ranges := value.Ranges; {
	case err != nil:
		return nil, err
	case value.Kind != mesos.RangesValue || len(ranges) == 0:
		return nil, mesos.Errorf(mesos.Invalid, "%q: not ranges such as [10000-20000]", text)
	case ranges[0].Begin == 0 || ranges[len(ranges)-1].End > maxGid:
		return nil, mesos.Errorf(mesos.Invalid, "%q: groups are from 1 to %d", text, uint32(maxGid))
	default:
		return ranges, nil
	}
}

// Open makes a manager of the groups in total that remembers in file what it
// gave. After a reboot no container runs, and the volumes of sandboxes lose their
// groups; those of volumes that are gone are free, too.
func Open(file string, total mesos.Ranges, rebooted bool) (*Manager, error) {
	if os.Geteuid() != 0 {
		return nil, mesos.Errorf(mesos.Unsupported, "groups for volumes: only root can give them")
	}
	m := &Manager{file: file, total: total, given: map[string]given{}}
	data, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var list []given
	if len(data) > 0 {
		if err := json.Unmarshal(data, &list); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	var over []given
	for _, g := range list {
		if _, err := os.Lstat(g.Path); errors.Is(err, fs.ErrNotExist) || rebooted && g.Kind == Sandbox {
			over = append(over, g)
			continue
		}
		m.given[g.Path] = g
	}
	if over == nil {
		return m, nil
	}
	return m, m.release(over)
}

// Total counts the groups.
func (m *Manager) Total() int { return int(m.total.Len()) }

// Free counts the groups that no volume has.
func (m *Manager) Free() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.Total()
	for _, g := range m.given {
		if m.ours(g.Gid) {
			n--
		}
	}
	return n
}

// Allocate gives a volume, a directory or a file, a group that may write to all of
// it, or tells which one it has. It is that of what holds the volume, if that was
// given one: a path in a persistent volume shares its group.
func (m *Manager) Allocate(path string, kind Kind) (uint32, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if g, ok := m.given[path]; ok {
		return g.Gid, nil
	}
	_, has, err := owner(path)
	if err != nil {
		return 0, err
	}
	if m.ours(has) {
		return has, nil
	}
	gid, ok := m.free()
	if !ok {
		return 0, mesos.Errorf(mesos.Unavailable, "%s: no group is left of --volume_gid_range", path)
	}
	// It is written down first: a group that two volumes have would be worse than
	// one that nobody uses.
	m.given[path] = given{Path: path, Gid: gid, Kind: kind}
	if err := m.save(); err != nil {
		delete(m.given, path)
		return 0, err
	}
	if err := hand(path, gid, true); err != nil {
		return 0, err
	}
	return gid, nil
}

// Release takes back the groups of a path and of all below it. What is still
// there belongs to its owner's own group then.
func (m *Manager) Release(path string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var over []given
	for _, g := range m.given {
		if g.Path == path || strings.HasPrefix(g.Path, path+"/") {
			over = append(over, g)
		}
	}
	if over == nil {
		return nil
	}
	return m.release(over)
}

// release takes groups back. A volume keeps one that can't be taken from it.
func (m *Manager) release(over []given) error {
	var failed []error
	for _, g := range over {
		delete(m.given, g.Path)
		err := giveBack(g.Path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			m.given[g.Path] = g
			failed = append(failed, err)
		}
	}
	return errors.Join(append(failed, m.save())...)
}

func giveBack(path string) error {
	uid, _, err := owner(path)
	if err != nil {
		return err
	}
	gid, err := primaryGroup(uid)
	if err != nil {
		return err
	}
	return hand(path, gid, false)
}

func (m *Manager) ours(gid uint32) bool { return m.total.Has(uint64(gid)) }

// free finds the lowest group that no volume has.
func (m *Manager) free() (uint32, bool) {
	used := map[uint32]bool{}
	for _, g := range m.given {
		used[g.Gid] = true
	}
	for _, r := range m.total {
		for gid := r.Begin; gid <= r.End; gid++ {
			if !used[uint32(gid)] {
				return uint32(gid), true
			}
		}
	}
	return 0, false
}

// save writes down what is given, whole.
func (m *Manager) save() error {
	list := make([]given, 0, len(m.given))
	for _, g := range m.given {
		list = append(list, g)
	}
	slices.SortFunc(list, func(a, b given) int { return strings.Compare(a.Path, b.Path) })
	data, err := json.Marshal(list)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(m.file), 0o755); err != nil {
		return err
	}
	return whole.Write(m.file, data, 0o600)
}
