package gpu

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
)

// Volume is the driver's programs and libraries, for images that leave them to the
// machine they run on.
type Volume struct {
	dir string // on the host
}

// inContainer is where images expect the volume, and runtime where newer libraries
// of their own may be.
const (
	inContainer = "/usr/local/nvidia"
	runtime     = "/usr/local/cuda"
)

// programs and libraries are those of the driver that programs on a GPU use.
var (
	programs  = []string{"nvidia-smi", "nvidia-debugdump", "nvidia-persistenced", "nvidia-cuda-mps-control", "nvidia-cuda-mps-server"}
	libraries = []string{
		"libnvidia-ml", "libnvidia-cfg", "libnvidia-gpucomp", "libcuda", "libnvidia-opencl", "libnvidia-ptxjitcompiler",
		"libnvidia-fatbinaryloader", "libnvidia-compiler", "libnvidia-nvvm", "libvdpau_nvidia", "libnvidia-encode", "libnvcuvid",
		"libnvidia-eglcore", "libnvidia-glcore", "libnvidia-tls", "libnvidia-glsi", "libnvidia-fbc", "libnvidia-ifr",
		"libGLX_nvidia", "libEGL_nvidia", "libGLESv2_nvidia", "libGLESv1_CM_nvidia",
	}
	programDirs = []string{"usr/bin", "usr/sbin", "bin", "sbin", "usr/local/bin"}
	libraryDirs = []string{
		"usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib/i386-linux-gnu", "usr/lib64", "usr/lib32", "usr/lib",
		"lib/x86_64-linux-gnu", "lib64", "lib",
	}
)

// NewVolume copies the driver's files below a root to a directory of their version
// below dir. Those that are there already stay.
func NewVolume(root, dir, version string) (*Volume, error) {
	v := &Volume{filepath.Join(dir, "nvidia_"+version)}
	for _, name := range []string{"bin", "lib", "lib64"} {
		if err := os.MkdirAll(filepath.Join(v.dir, name), 0o755); err != nil {
			return nil, fmt.Errorf("gpu: %w", err)
		}
	}
	for _, name := range programs {
		for _, dir := range programDirs {
			if err := v.copy(filepath.Join(root, dir, name), "bin"); err == nil {
				break
			} else if !errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("gpu: %w", err)
			}
		}
	}
	for _, name := range libraries {
		for _, dir := range libraryDirs {
			paths, err := filepath.Glob(filepath.Join(root, dir, name+".so*"))
			if err != nil {
				return nil, err
			}
			for _, path := range paths {
				if err := v.library(path); err != nil {
					return nil, fmt.Errorf("gpu: %w", err)
				}
			}
		}
	}
	return v, nil
}

// library copies a library to where its size of words belongs. What is not one is
// left out, such as a script of a linker.
func (v *Volume) library(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	var head [5]byte // of an ELF file: its mark, and its class
	if _, err := io.ReadFull(file, head[:]); err != nil || string(head[:4]) != "\x7fELF" {
		return nil //nolint:nilerr // it is none
	}
	if head[4] == 1 {
		return v.copy(path, "lib")
	}
	return v.copy(path, "lib64")
}

// copy copies what a path leads to, and makes a link to it if it has another name.
func (v *Volume) copy(path, into string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	to := filepath.Join(v.dir, into, filepath.Base(real))
	if _, err := os.Stat(to); err != nil {
		if err := copyFile(real, to); err != nil {
			return err
		}
	}
	name := filepath.Join(v.dir, into, filepath.Base(path))
	if name == to {
		return nil
	}
	if err := os.Symlink(filepath.Base(real), name); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// copyFile copies a file, so that it is there whole or not at all.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(to), ".new-")
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	err = errors.Join(err, out.Chmod(0o755), out.Close())
	if err == nil {
		err = os.Rename(out.Name(), to)
	}
	if err != nil {
		_ = os.Remove(out.Name())
	}
	return err
}

// Wanted tells whether an image asks for the volume, by the variable of
// nvidia-docker 2 or, without that, by the label of nvidia-docker 1.
func (v *Volume) Wanted(image container.ImageConfig) bool {
	for _, variable := range image.Env {
		if devices, ok := strings.CutPrefix(variable, "NVIDIA_VISIBLE_DEVICES="); ok {
			return devices != "" && devices != "void"
		}
	}
	_, labelled := image.Labels["com.nvidia.volumes.needed"]
	return labelled
}

// Add shows the volume to a container with that image, and has programs find it.
func (v *Volume) Add(plan *container.Plan) {
	process := &plan.Process
	process.Namespaces |= unix.CLONE_NEWNS
	process.Mounts = append(process.Mounts, supervise.Mount{
		Source: v.dir, Target: filepath.Join(plan.Image.Root, inContainer), Make: true, Flags: unix.MS_BIND | unix.MS_RDONLY | unix.MS_REC,
	})
	process.Env = extend(process.Env, plan.Image.Config.Env, "PATH", inContainer+"/bin")
	process.Env = extend(process.Env, plan.Image.Config.Env, "LD_LIBRARY_PATH", runtime+"/compat", inContainer+"/lib", inContainer+"/lib64")
}

// extend adds directories to a list of them in an environment; what it does not
// have of the list is the image's.
func extend(env, image []string, name string, dirs ...string) []string {
	at := slices.IndexFunc(env, func(v string) bool { return strings.HasPrefix(v, name+"=") })
	var value string
	if at >= 0 {
		value = env[at][len(name)+1:]
	} else {
		for _, v := range image {
			if list, ok := strings.CutPrefix(v, name+"="); ok {
				value = list
			}
		}
		env, at = append(slices.Clip(env), ""), len(env)
	}
	list := strings.FieldsFunc(value, func(r rune) bool { return r == ':' })
	for _, dir := range dirs {
		if !slices.Contains(list, dir) {
			list = append(list, dir)
		}
	}
	env = slices.Clone(env)
	env[at] = name + "=" + strings.Join(list, ":")
	return env
}
