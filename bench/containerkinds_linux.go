package bench

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// kindsOfContainers are those that goals are set for.
func kindsOfContainers() []kindOfContainer {
	isolated := kindOfContainer{
		name:    "cgroups/cpu, cgroups/mem, namespaces/pid, filesystem/linux, docker/runtime, linux/seccomp",
		goal:    50,
		prepare: prepareIsolated,
		cleanup: sweep,
		container: &mesospb.ContainerInfo{
			Type: mesospb.ContainerInfo_MESOS.Enum(),
			Mesos: &mesospb.ContainerInfo_MesosInfo{Image: &mesospb.Image{
				Type: mesospb.Image_DOCKER.Enum(), Docker: &mesospb.Image_Docker{Name: proto.String(imageName)},
			}},
		},
	}
	if os.Geteuid() != 0 {
		isolated.needs = "it takes root"
	}
	return []kindOfContainer{
		{name: "posix/cpu, posix/mem", goal: 300, prepare: func(string) ([]string, error) {
			return []string{"--isolation=posix/cpu,posix/mem"}, nil
		}},
		isolated,
	}
}

// prepareIsolated makes an image and a profile of system calls.
func prepareIsolated(dir string) ([]string, error) {
	images, profiles := filepath.Join(dir, "images"), filepath.Join(dir, "profiles")
	if err := writeImage(images, "true", "sleep"); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(profiles, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(profiles, "profile.json"), []byte(profileText()), 0o644); err != nil {
		return nil, err
	}
	return []string{
		"--isolation=cgroups/cpu,cgroups/mem,namespaces/pid,filesystem/linux,docker/runtime,linux/seccomp",
		"--image_providers=docker", "--docker_registry=" + images, "--docker_store_dir=" + filepath.Join(dir, "store"),
		"--seccomp_config_dir=" + profiles, "--seccomp_profile_name=profile.json",
		"--cgroups_root=" + filepath.Base(dir),
	}, nil
}

// sweep removes the agent's cgroups, and those of containers that it had not
// done with: another agent would have.
func sweep(dir string) {
	roots, _ := filepath.Glob("/sys/fs/cgroup/*/" + filepath.Base(dir))
	for _, root := range append(roots, "/sys/fs/cgroup/"+filepath.Base(dir)) {
		containers, _ := filepath.Glob(root + "/*/")
		for _, path := range append(containers, root) {
			_ = os.Remove(path) // it need not be there
		}
	}
	mounted, _ := os.ReadFile("/proc/self/mounts")
	for _, line := range strings.Split(string(mounted), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[1], dir+"/") {
			_ = unix.Unmount(fields[1], unix.MNT_DETACH) // or the directory can't be removed, and says so
		}
	}
}

// profileText is a profile of some hundred system calls, of which a few are
// forbidden, as those in use are.
func profileText() string {
	names := strings.Fields(`acct add_key bpf clock_adjtime clock_settime create_module delete_module finit_module
		get_kernel_syms get_mempolicy init_module ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mbind
		mount move_pages nfsservctl open_by_handle_at perf_event_open pivot_root process_vm_readv process_vm_writev ptrace
		query_module quotactl reboot request_key set_mempolicy setns settimeofday swapoff swapon umount2 unshare uselib
		userfaultfd ustat vm86 vm86old`)
	return `{"defaultAction": "SCMP_ACT_ALLOW", "archMap": [], "syscalls": [{"names": ["` +
		strings.Join(names, `", "`) + `"], "action": "SCMP_ACT_ERRNO", "args": [], "includes": {}, "excludes": {}}]}`
}
