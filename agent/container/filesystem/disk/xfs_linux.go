package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/filesystem/xfs"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// XFS is the isolator that has the file system itself count, and hold containers to
// their quotas: each sandbox and each volume is a project. A project is free for
// another only when its directory is gone, since what is left there would count as
// the other's. See https://mesos.apache.org/documentation/latest/isolators/disk-xfs/.
type XFS struct {
	container.Passive
	config   Config
	projects *projects

	limited func(mesos.ContainerID, container.Limitation)
	start   sync.Once
	cancel  context.CancelFunc
	running context.Context
	done    sync.WaitGroup

	mu         sync.Mutex
	containers map[mesos.ContainerID]*projected
}

// projected is a container.
type projected struct {
	sandbox string
	project xfs.Project
	quotas  []*quota
	volumes map[string]xfs.Project // by directory; 0 on disks of their own
}

// NewXFS makes the isolator. The work directory must be on an XFS file system with
// project quotas.
func NewXFS(config Config) (*XFS, error) {
	if os.Geteuid() != 0 {
		return nil, mesos.Errorf(mesos.Unsupported, "only root can set quotas")
	}
	total, err := ParseProjects(config.Projects)
	if err != nil {
		return nil, err
	}
	if err := xfs.Enable(config.WorkDir); err != nil {
		return nil, err
	}
	x := &XFS{
		Passive: container.Passive{Named: "disk/xfs"}, config: config, projects: newProjects(total),
		containers: map[mesos.ContainerID]*projected{}, limited: func(mesos.ContainerID, container.Limitation) {},
	}
	x.running, x.cancel = context.WithCancel(context.Background())
	return x, x.find()
}

// ParseProjects reads --xfs_project_range, such as "[5000-10000]".
func ParseProjects(text string) (mesos.Ranges, error) {
	value, err := mesos.ParseValue(text)
	const last = 1<<32 - 1
	switch ranges := value.Ranges; {
	case err != nil:
		return nil, err
	case value.Kind != mesos.RangesValue || len(ranges) == 0:
		return nil, mesos.Errorf(mesos.Invalid, "project range %q: not ranges such as [5000-10000]", text)
	case ranges[0].Begin == 0 || ranges[len(ranges)-1].End > last:
		return nil, mesos.Errorf(mesos.Invalid, "project range %q: projects are from 1 to %d", text, uint32(last))
	default:
		return ranges, nil
	}
}

// find takes in the projects that an earlier agent gave to what is there still.
func (x *XFS) find() error {
	for _, pattern := range []string{
		"slaves/*/frameworks/*/executors/*/runs/*", "containers/*", "volumes/roles/*/*",
	} {
		dirs, err := filepath.Glob(filepath.Join(x.config.WorkDir, pattern))
		if err != nil {
			return err
		}
		for _, dir := range dirs {
			if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
				continue
			}
			project, err := xfs.Of(dir)
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTTY) {
				continue
			}
			if err != nil {
				return err
			}
			if project != 0 {
				x.projects.take(project, dir)
			}
		}
	}
	return nil
}

// Watch implements Limiter.
func (x *XFS) Watch(limited func(mesos.ContainerID, container.Limitation)) { x.limited = limited }

// Close ends the looking at quotas.
func (x *XFS) Close() error {
	x.cancel()
	x.done.Wait()
	return nil
}

// Metrics implements Meter.
func (x *XFS) Metrics() map[string]float64 {
	return map[string]float64{
		"containerizer/mesos/disk/project_ids_total": float64(x.projects.total.Len()),
		"containerizer/mesos/disk/project_ids_free":  float64(x.projects.countFree()),
	}
}

// Prepare implements Isolator. What is made in the sandbox from here on is of its
// project by itself.
func (x *XFS) Prepare(_ context.Context, plan *container.Plan) error {
	project, err := x.projects.give(plan.Spec.Sandbox)
	if err != nil {
		return err
	}
	c := x.add(plan.Spec, project)
	dirs := []string{plan.Spec.Sandbox}
	if plan.Image != nil {
		dirs = append(dirs, plan.Image.Ephemeral...)
	}
	for _, dir := range dirs {
		if err := xfs.Assign(dir, project); err != nil {
			return fmt.Errorf("project %d: %w", project, err)
		}
		x.projects.take(project, dir)
	}
	return x.update(c, plan.Spec.Resources)
}

// Recover implements Isolator. A container that was there before the isolator gets
// a project now.
func (x *XFS) Recover(spec *container.Spec, _ int) error {
	project, err := xfs.Of(spec.Sandbox)
	if err != nil {
		return err
	}
	if project == 0 {
		if project, err = x.projects.give(spec.Sandbox); err != nil {
			return err
		}
		if err := xfs.Assign(spec.Sandbox, project); err != nil {
			return fmt.Errorf("project %d: %w", project, err)
		}
	}
	x.projects.take(project, spec.Sandbox)
	return x.update(x.add(spec, project), spec.Resources)
}

func (x *XFS) add(spec *container.Spec, project xfs.Project) *projected {
	x.mu.Lock()
	defer x.mu.Unlock()
	c := &projected{sandbox: spec.Sandbox, project: project, volumes: map[string]xfs.Project{}}
	x.containers[spec.ID] = c
	x.start.Do(func() { x.done.Go(x.rounds) })
	return c
}

// Update implements Isolator.
func (x *XFS) Update(_ context.Context, id mesos.ContainerID, resources []*mesospb.Resource, _ map[string]*mesospb.Value_Scalar) error {
	x.mu.Lock()
	c := x.containers[id]
	x.mu.Unlock()
	if c == nil {
		return container.ErrNoContainer(id)
	}
	return x.update(c, resources)
}

func (x *XFS) update(c *projected, resources []*mesospb.Resource) error {
	list, err := quotas(x.config.WorkDir, resources)
	if err != nil {
		return err
	}
	volumes := map[string]xfs.Project{}
	for _, q := range list {
		dir, project := c.sandbox, c.project
		if q.dir != "" {
			dir = q.dir
			if volumes[dir], err = x.volume(q); err != nil {
				return err
			}
			project = volumes[dir]
		}
		if project == 0 {
			continue
		}
		if err := x.bound(dir, project, q.limit); err != nil {
			return err
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	c.quotas, c.volumes = list, volumes
	return nil
}

// volume is the project of a volume, which it is given the first time it is used. A
// disk that is all the volume's needs none.
func (x *XFS) volume(q *quota) (xfs.Project, error) {
	if !q.enforced() {
		return 0, nil
	}
	if err := xfs.Enable(q.dir); err != nil {
		return 0, err
	}
	project, err := xfs.Of(q.dir)
	if err != nil || project != 0 {
		return project, err
	}
	if project, err = x.projects.give(q.dir); err != nil {
		return 0, err
	}
	return project, xfs.Assign(q.dir, project)
}

// bound sets what a project may occupy, if it is held to that.
func (x *XFS) bound(dir string, project xfs.Project, limit mesos.Bytes) error {
	const least = 512 // no limit at all would be none
	soft, hard := max(limit, least), max(limit, least)
	switch {
	case !x.config.Enforce:
		soft, hard = 0, 0
	case x.config.Kill:
		hard += x.config.Headroom
	}
	return xfs.Set(dir, project, soft, hard)
}

// Usage implements Isolator.
func (x *XFS) Usage(_ context.Context, id mesos.ContainerID, _ []int, usage *mesospb.ResourceStatistics) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	c := x.containers[id]
	if c == nil {
		return container.ErrNoContainer(id)
	}
	for _, q := range c.quotas {
		used, err := x.used(c, q)
		if err != nil {
			return err
		}
		statistics := q.statistics(new(uint64(used)))
		if q.dir == "" {
			usage.DiskLimitBytes, usage.DiskUsedBytes = statistics.LimitBytes, statistics.UsedBytes
			continue
		}
		usage.DiskStatistics = append(usage.DiskStatistics, statistics)
	}
	return nil
}

// used is what a container occupies where it has a quota.
func (x *XFS) used(c *projected, q *quota) (mesos.Bytes, error) {
	if q.dir == "" {
		occupied, err := xfs.Get(c.sandbox, c.project)
		return occupied.Used, err
	}
	if project := c.volumes[q.dir]; project != 0 {
		occupied, err := xfs.Get(q.dir, project)
		return occupied.Used, err
	}
	var st unix.Statfs_t
	if err := unix.Statfs(q.dir, &st); err != nil {
		return 0, &os.PathError{Op: "statfs", Path: q.dir, Err: err}
	}
	return mesos.Bytes((st.Blocks - st.Bfree) * uint64(st.Bsize)), nil
}

// Cleanup implements Isolator. The projects stay those of their directories.
func (x *XFS) Cleanup(_ context.Context, id mesos.ContainerID) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.containers, id)
	return nil
}

// rounds looks at quotas, and for projects that are free again, until the isolator
// is closed.
func (x *XFS) rounds() {
	pause := time.NewTimer(x.config.Interval)
	defer pause.Stop()
	for {
		select {
		case <-x.running.Done():
			return
		case <-pause.C:
		}
		if x.config.Enforce && x.config.Kill {
			x.look()
		}
		x.projects.reclaim()
		pause.Reset(x.config.Interval)
	}
}

// look ends the containers that occupy too much.
func (x *XFS) look() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for id, c := range x.containers {
		for _, q := range c.quotas {
			used, err := x.used(c, q)
			if err != nil || !q.enforced() || used <= q.limit {
				continue // one that is going has no directory any more
			}
			why := container.Limitation{
				Reason:  mesospb.TaskStatus_REASON_CONTAINER_LIMITATION_DISK,
				Message: fmt.Sprintf("Disk usage%s (%v) exceeds quota (%v)", q.place(), used, q.limit),
				// As much as it would have needed.
				Resources: []*mesospb.Resource{occupying(used, q)},
			}
			x.done.Go(func() { x.limited(id, why) })
		}
	}
}

// occupying is a disk of the size that is occupied.
func occupying(used mesos.Bytes, q *quota) *mesospb.Resource {
	const bytesPerMB = 1 << 20
	mb := float64(used / bytesPerMB)
	return &mesospb.Resource{
		Name: new("disk"), Type: mesospb.Value_SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: &mb}, Disk: q.disk,
	}
}

// projects are the numbers of projects, and the directories that have them.
type projects struct {
	total mesos.Ranges

	mu   sync.Mutex
	dirs map[xfs.Project][]string
}

func newProjects(total mesos.Ranges) *projects {
	return &projects{total: total, dirs: map[xfs.Project][]string{}}
}

// take notes that a directory is of a project.
func (p *projects) take(project xfs.Project, dir string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Contains(p.dirs[project], dir) {
		p.dirs[project] = append(p.dirs[project], dir)
	}
}

// give gives a directory the lowest project that is free.
func (p *projects) give(dir string) (xfs.Project, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.total {
		for n := r.Begin; n <= r.End; n++ {
			project := xfs.Project(n)
			if _, used := p.dirs[project]; !used {
				p.dirs[project] = []string{dir}
				return project, nil
			}
		}
	}
	return 0, mesos.Errorf(mesos.Unavailable, "no project is left of --xfs_project_range")
}

func (p *projects) countFree() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := int(p.total.Len())
	for project := range p.dirs {
		if p.total.Has(uint64(project)) {
			n--
		}
	}
	return n
}

// reclaim frees the projects whose directories are gone.
func (p *projects) reclaim() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for project, dirs := range p.dirs {
		left := slices.DeleteFunc(slices.Clone(dirs), func(dir string) bool {
			_, err := os.Lstat(dir)
			return errors.Is(err, fs.ErrNotExist)
		})
		p.dirs[project] = left
		if len(left) > 0 {
			continue
		}
		// What a quota was is in the way of nobody: the next one sets it.
		delete(p.dirs, project)
	}
}
