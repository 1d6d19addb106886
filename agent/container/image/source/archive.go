package source

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/mesosctl/mesosctl/agent/container/image/reference"
	"github.com/mesosctl/mesosctl/mesos"
)

// archive is what `docker save` wrote: a tar archive with a list of images in
// manifest.json or, before Docker 1.10, in a file called repositories. Where its
// files are is found once, so that each of them can be read without the others.
type archive struct {
	file  string // absolute path
	parts map[string]part
}

// part is a file of an archive: where it is, or which other one it stands for.
type part struct {
	offset, size int64
	link         string
}

// maxParts bounds the files of an archive: two for each layer would do.
const maxParts = 100_000

// openArchive finds an image in an archive of a directory.
func openArchive(root *os.Root, name string, ref reference.Reference) (*Image, error) {
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	a := &archive{file: path.Join(root.Name(), name), parts: map[string]part{}}
	if err := a.scan(file); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	image, err := a.image(file, ref)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if ref.Digest != "" && ref.Digest != image.Digest {
		return nil, invalid("%s: the image's digest is %s", name, image.Digest)
	}
	return image, nil
}

// scan notes where files are. The reader seeks over what they contain.
func (a *archive) scan(file *os.File) error {
	reader := tar.NewReader(file)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return invalid("not an archive of docker save (which is not compressed): %w", err)
		}
		if len(a.parts) == maxParts {
			return invalid("more than %d files", maxParts)
		}
		name := path.Clean(header.Name)
		switch header.Typeflag {
		case tar.TypeReg:
			offset, err := file.Seek(0, io.SeekCurrent)
			if err != nil {
				return err
			}
			a.parts[name] = part{offset: offset, size: header.Size}
		case tar.TypeSymlink, tar.TypeLink:
			target := header.Linkname
			if header.Typeflag == tar.TypeSymlink {
				target = path.Join(path.Dir(name), target)
			}
			a.parts[name] = part{link: path.Clean(target)}
		}
	}
}

// find is a file of the archive, through a link if it is one.
func (a *archive) find(name string) (part, error) {
	p, ok := a.parts[path.Clean(name)]
	if ok && p.link != "" {
		p, ok = a.parts[p.link]
	}
	if !ok || p.link != "" {
		return part{}, invalid("the archive has no file %q", name)
	}
	return p, nil
}

func (a *archive) read(file *os.File, name string) ([]byte, error) {
	p, err := a.find(name)
	if err != nil {
		return nil, err
	}
	return readAll(io.NewSectionReader(file, p.offset, p.size))
}

func (a *archive) image(file *os.File, ref reference.Reference) (*Image, error) {
	if _, ok := a.parts["manifest.json"]; ok {
		return a.current(file, ref)
	}
	if _, ok := a.parts["repositories"]; ok {
		return a.old(file, ref)
	}
	return nil, invalid("not an archive of docker save: no manifest.json")
}

// saved is an image in manifest.json.
type saved struct {
	Config   string
	RepoTags []string
	Layers   []string
}

var fileOfDigest = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:sha256:)?([a-f0-9]{64})(\.json)?$`)
})

func (a *archive) current(file *os.File, ref reference.Reference) (*Image, error) {
	raw, err := a.read(file, "manifest.json")
	if err != nil {
		return nil, err
	}
	var list []saved
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, invalid("manifest.json: %w", err)
	}
	found, err := chooseSaved(list, ref)
	if err != nil {
		return nil, err
	}
	config, err := a.read(file, found.Config)
	if err != nil {
		return nil, err
	}
	if m := fileOfDigest().FindStringSubmatch(path.Base(found.Config)); m != nil {
		if err := verify(config, "sha256:"+m[1]); err != nil {
			return nil, err
		}
	}
	if len(found.Layers) == 0 || len(found.Layers) > maxLayers {
		return nil, invalid("%d layers, it takes 1 to %d", len(found.Layers), maxLayers)
	}
	ids, err := parseConfig(config, len(found.Layers))
	if err != nil {
		return nil, err
	}
	return a.assemble(config, ids, found.Layers)
}

func (a *archive) assemble(config []byte, ids, files []string) (*Image, error) {
	image := &Image{Digest: digestOf(config), Config: config}
	for i, name := range files {
		p, err := a.find(name)
		if err != nil {
			return nil, err
		}
		image.Layers = append(image.Layers, Layer{DiffID: ids[i], Size: p.size, Open: a.opener(p)})
	}
	return image, nil
}

func (a *archive) opener(p part) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) {
		file, err := os.Open(a.file)
		if err != nil {
			return nil, err
		}
		return struct {
			io.Reader
			io.Closer
		}{io.NewSectionReader(file, p.offset, p.size), file}, nil
	}
}

// chooseSaved finds an image by its tag; the only one is it if its tag is
// another: somebody named the archive.
func chooseSaved(list []saved, ref reference.Reference) (saved, error) {
	var tags []string
	for _, image := range list {
		for _, tag := range image.RepoTags {
			parsed, err := reference.Parse(tag)
			if err == nil && parsed.Repository == ref.Repository && parsed.Identifier() == ref.Identifier() {
				return image, nil
			}
		}
		tags = append(tags, image.RepoTags...)
	}
	if len(list) == 1 {
		return list[0], nil
	}
	return saved{}, mesos.Errorf(mesos.NotFound, "the archive has no such image: there is [%s]", strings.Join(tags, " "))
}

// oldLayer is what an archive says of one layer, which is an image of its own.
type oldLayer struct {
	Parent string          `json:"parent"`
	Config json.RawMessage `json:"config"`
}

// old reads what Docker before 1.10 saved: layers that name their parents. They
// have no digests, so those are found by reading them.
func (a *archive) old(file *os.File, ref reference.Reference) (*Image, error) {
	raw, err := a.read(file, "repositories")
	if err != nil {
		return nil, err
	}
	var repositories map[string]map[string]string
	if err := json.Unmarshal(raw, &repositories); err != nil {
		return nil, invalid("repositories: %w", err)
	}
	tags, ok := repositories[ref.Repository]
	if !ok {
		tags = repositories[ref.Registry+"/"+ref.Repository]
	}
	id, ok := tags[ref.Identifier()]
	if !ok {
		return nil, mesos.Errorf(mesos.NotFound, "repositories: the archive has no such image")
	}
	var files, ids []string
	var config json.RawMessage
	for id != "" {
		if len(files) == maxLayers {
			return nil, invalid("more than %d layers", maxLayers)
		}
		var layer oldLayer
		raw, err := a.read(file, id+"/json")
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(raw, &layer); err != nil {
			return nil, invalid("%s/json: %w", id, err)
		}
		if config == nil { // that of the uppermost layer has all
			config = layer.Config
		}
		digest, err := a.digest(file, id+"/layer.tar")
		if err != nil {
			return nil, err
		}
		files, ids = append(files, id+"/layer.tar"), append(ids, digest)
		id = layer.Parent
	}
	slices.Reverse(files)
	slices.Reverse(ids)
	composed, err := compose(config, ids)
	if err != nil {
		return nil, err
	}
	return a.assemble(composed, ids, files)
}

// compose makes a configuration as later versions have it.
func compose(config json.RawMessage, ids []string) ([]byte, error) {
	var c struct {
		Config json.RawMessage `json:"config,omitempty"`
		configuration
	}
	c.Config, c.RootFS.Type, c.RootFS.DiffIDs = bytes.TrimSpace(config), "layers", ids
	return json.Marshal(c)
}

func (a *archive) digest(file *os.File, name string) (string, error) {
	p, err := a.find(name)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, io.NewSectionReader(file, p.offset, p.size)); err != nil {
		return "", err
	}
	return "sha256:" + hex.EncodeToString(hash.Sum(nil)), nil
}
