package container_test

import (
	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// covers: MesosContainerizerExecuteTest.ROOT_UNPRIVILEGED_USER_SandboxFileOwnership
// covers: FetcherTest.LogFailureToStderr
func TestUser(t *testing.T) {
	nobody, err := user.Lookup("nobody")
	if err != nil || os.Geteuid() != 0 {
		t.Skip("switching users takes root and a user called nobody")
	}
	l := containertest.New(t, container.Config{})
	spec := containertest.Spec(t, containertest.Shell("id -u; id -g; id -G; echo mine > file"))
	spec.User = "nobody"
	if err := os.MkdirAll(filepath.Dir(spec.Sandbox), 0o755); err != nil {
		t.Fatal(err)
	}
	// Not even a directory that the user can't walk through is in the way.
	if err := os.Chmod(filepath.Dir(spec.Sandbox), 0o700); err != nil {
		t.Fatal(err)
	}
	exit, stdout, stderr := containertest.Run(t, l, spec)
	groups, _ := nobody.GroupIds()
	if want := nobody.Uid + "\n" + nobody.Gid + "\n" + strings.Join(groups, " ") + "\n"; stdout != want {
		t.Errorf("stdout = %q, want %q (exit %+v, stderr %q)", stdout, want, exit, stderr)
	}
	for _, name := range []string{"", "stdout", "stderr", "file"} {
		info, err := os.Stat(filepath.Join(spec.Sandbox, name))
		if err != nil {
			t.Fatal(err)
		}
		if uid := strconv.Itoa(int(info.Sys().(*syscall.Stat_t).Uid)); uid != nobody.Uid {
			t.Errorf("%q is owned by %s, want %s", name, uid, nobody.Uid)
		}
	}

	// The fetcher has that user's rights, and says in the sandbox what it did not get.
	spec = containertest.Spec(t, containertest.Shell("true"))
	spec.User = "nobody"
	secret := filepath.Join(filepath.Dir(spec.Sandbox), "secret")
	if err := os.WriteFile(secret, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	spec.Command.Uris = []*mesospb.CommandInfo_URI{{Value: &secret}}
	if _, err := l.Launch(t.Context(), spec); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("launch = %v, want permission denied", err)
	}
	if stderr := containertest.Read(t, spec, "stderr"); !strings.Contains(stderr, secret) {
		t.Errorf("stderr = %q, want it to name %s", stderr, secret)
	}
}

// covers: FetcherTest.InvalidUser
func TestNothingIsFetchedForAnUnknownUser(t *testing.T) {
	l := containertest.New(t, container.Config{})
	spec := containertest.Spec(t, containertest.Shell("true"))
	spec.User = "no-such-user"
	from := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(from, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	spec.Command.Uris = []*mesospb.CommandInfo_URI{{Value: &from}}
	if _, err := l.Launch(t.Context(), spec); err == nil || !strings.Contains(err.Error(), "no-such-user") {
		t.Errorf("launch = %v, want it to name the user", err)
	}
	if _, err := os.Stat(spec.Sandbox); err == nil {
		t.Error("a sandbox was made")
	}
}
