package xfs_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container/filesystem/xfs"
	"github.com/mesosctl/mesosctl/agent/container/filesystem/xfs/xfstest"
	"github.com/mesosctl/mesosctl/mesos"
)

const megabytes = mesos.Bytes(1 << 20)

func write(path string, size mesos.Bytes) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.Write(make([]byte, size))
	return err
}

func mkdir(t *testing.T, path ...string) string {
	t.Helper()
	dir := filepath.Join(path...)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestXFSQuotaIsWhatItWasSetTo(t *testing.T) {
	// covers: ROOT_XFS_QuotaTest.QuotaGetSet
	// covers: ROOT_XFS_QuotaTest.CheckQuotaEnabled
	// covers: XFS_QuotaTest.BasicBlocks
	t.Parallel()
	root := xfstest.Mount(t, "pquota")
	must(t, xfs.Enable(root))
	dir := mkdir(t, root, "dir")
	must(t, xfs.Set(dir, 99, 11*megabytes, 12*megabytes))
	if q, err := xfs.Get(dir, 99); err != nil || q != (xfs.Quota{Soft: 11 * megabytes, Hard: 12 * megabytes}) {
		t.Errorf("quota is %v, %v", q, err)
	}
	// A block is what the first byte of it takes.
	must(t, xfs.Set(dir, 99, 1, 513))
	if q, err := xfs.Get(dir, 99); err != nil || q.Soft < 512 || q.Hard < 1024 {
		t.Errorf("quota is %v, %v", q, err)
	}
	must(t, xfs.Set(dir, 99, 0, 0))
	if q, err := xfs.Get(dir, 99); err != nil || q != (xfs.Quota{}) {
		t.Errorf("quota is %v, %v", q, err)
	}
	if q, err := xfs.Get(dir, 4711); err != nil || q != (xfs.Quota{}) {
		t.Errorf("the quota of nobody is %v, %v", q, err)
	}
}

func TestXFSQuotaLimitsWhatIsWritten(t *testing.T) {
	// covers: ROOT_XFS_QuotaTest.QuotaLimit
	t.Parallel()
	root := xfstest.Mount(t, "pquota")
	dir := mkdir(t, root, "dir")
	must(t, xfs.Assign(dir, 99))
	must(t, xfs.Set(dir, 99, 2*megabytes, 2*megabytes))
	must(t, write(filepath.Join(dir, "file"), megabytes))
	if q, err := xfs.Get(dir, 99); err != nil || q.Used < megabytes || q.Used > 2*megabytes {
		t.Errorf("quota is %v, %v", q, err)
	}
	if err := write(filepath.Join(dir, "more"), 2*megabytes); !errors.Is(err, syscall.EDQUOT) && !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("write more = %v", err)
	}
}

func TestXFSProjectsThatAreNone(t *testing.T) {
	// covers: ROOT_XFS_QuotaTest.ProjectIdErrors
	t.Parallel()
	root := xfstest.Mount(t, "pquota")
	if _, err := xfs.Get(root, 0); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("get = %v", err)
	}
	for _, c := range []struct {
		project    xfs.Project
		soft, hard mesos.Bytes
	}{{0, 1, 1}, {99, 0, 1}, {99, 1, 0}, {99, 2, 1}} {
		if err := xfs.Set(root, c.project, c.soft, c.hard); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("set %+v = %v", c, err)
		}
	}
	file := filepath.Join(root, "file")
	must(t, write(file, 1))
	must(t, os.Symlink(root, filepath.Join(root, "link")))
	for _, path := range []string{file, filepath.Join(root, "link")} {
		if err := xfs.Assign(path, 99); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("assign %s = %v", path, err)
		}
	}
}

func TestXFSDirectoriesLinkedToEachOther(t *testing.T) {
	// covers: ROOT_XFS_QuotaTest.DirectoryTree
	t.Parallel()
	root := xfstest.Mount(t, "pquota")
	a, b := mkdir(t, root, "a/deep"), mkdir(t, root, "b/deep")
	for _, dir := range []string{a, b} {
		must(t, write(filepath.Join(dir, "file"), megabytes))
	}
	must(t, os.Symlink(b, filepath.Join(a, "link")))
	must(t, os.Symlink(filepath.Join(a, "file"), filepath.Join(b, "link")))
	must(t, xfs.Assign(filepath.Dir(a), 10))
	must(t, xfs.Assign(filepath.Dir(b), 20))
	must(t, write(filepath.Join(a, "more"), megabytes)) // is of the directory's project
	for project, want := range map[xfs.Project]mesos.Bytes{10: 2 * megabytes, 20: megabytes} {
		if q, err := xfs.Get(root, project); err != nil || q.Used < want || q.Used > want+megabytes/2 {
			t.Errorf("project %d occupies %v, %v, want %v", project, q.Used, err, want)
		}
	}
	if p, err := xfs.Of(a); err != nil || p != 10 {
		t.Errorf("a is of project %d, %v", p, err)
	}
	must(t, xfs.Assign(filepath.Dir(a), 0))
	if p, err := xfs.Of(a); err != nil || p != 0 {
		t.Errorf("a is of project %d, %v", p, err)
	}
}

func TestXFSFileSystemsWithoutProjects(t *testing.T) {
	// covers: ROOT_XFS_NoQuota.CheckQuotaEnabled
	// covers: ROOT_XFS_NoProjectQuota.CheckQuotaEnabled
	// covers: ROOT_XFS_NoProjectQuotaEnforcement.CheckQuotaEnabled
	t.Parallel()
	for _, options := range []string{"noquota", "usrquota"} {
		root := xfstest.Mount(t, options)
		if err := xfs.Enable(root); mesos.KindOf(err) != mesos.Unsupported || !strings.Contains(err.Error(), "pquota") {
			t.Errorf("with %s: enable = %v", options, err)
		}
	}
	if err := xfs.Enable("/proc"); mesos.KindOf(err) != mesos.Unsupported {
		t.Errorf("enable = %v", err)
	}
	// Where projects are counted they can be held to quotas, too.
	root := xfstest.Mount(t, "pqnoenforce")
	must(t, xfs.Enable(root))
	dir := mkdir(t, root, "dir")
	must(t, xfs.Assign(dir, 99))
	must(t, xfs.Set(dir, 99, megabytes, megabytes))
	if err := write(filepath.Join(dir, "file"), 2*megabytes); err == nil {
		t.Error("a quota is not enforced")
	}
}
