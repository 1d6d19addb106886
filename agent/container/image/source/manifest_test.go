package source

import (
	"runtime"
	"strings"
	"testing"
)

const (
	configSum = "sha256:b5b2b2c507a0944348e0303114d8d93aaaa081732b86451d9bce1f432a537bc7"
	layerSum  = "sha256:e692418e4cbaf90ca69d05a66403747baa33ee08806650b51fab815ad7fc331f"

	dockerManifest = `{
  "schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
  "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 7023, "digest": "` + configSum + `"},
  "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": 32654, "digest": "` + layerSum + `"}]
}`
	ociManifest = `{
  "schemaVersion": 2,
  "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 7023, "digest": "` + configSum + `"},
  "layers": [
    {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "size": 32654, "digest": "` + layerSum + `"},
    {"mediaType": "application/vnd.oci.image.layer.v1.tar+zstd", "size": 16724, "digest": "` + configSum + `"}
  ],
  "annotations": {"com.example.key1": "value1"}
}`
)

func TestManifests(t *testing.T) {
	// covers: DockerSpecTest.ParseV2_2ImageManifest
	m, err := parseManifest([]byte(dockerManifest))
	if err != nil || m.Config.Digest.String() != configSum || m.Config.Size != 7023 ||
		len(m.Layers) != 1 || m.Layers[0].Digest.String() != layerSum || m.Layers[0].Size != 32654 {
		t.Errorf("%+v, %v", m, err)
	}
	// covers: OCISpecTest.ParseManifest
	m, err = parseManifest([]byte(ociManifest))
	if err != nil || m.Config.Digest.String() != configSum || len(m.Layers) != 2 || m.Layers[1].Size != 16724 ||
		m.Annotations["com.example.key1"] != "value1" {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestBadManifests(t *testing.T) {
	// covers: DockerSpecTest.ParseInvalidV2_2ImageManifest
	// covers: DockerSpecTest.ValidateV2_2ImageManifestLayersNonEmpty
	// covers: DockerSpecTest.ParseInvalidV2ImageManifest
	for name, c := range map[string]struct{ old, with, says string }{
		"not JSON":             {dockerManifest, "<html>", "not JSON"},
		"nothing of all":       {dockerManifest, `{"name": "dmcgowan/test-image", "tag": "latest", "architecture": "amd64"}`, "schemaVersion is 0"},
		"no schema version":    {`"schemaVersion": 2, `, "", "schemaVersion is 0"},
		"schema 1":             {`"schemaVersion": 2`, `"schemaVersion": 1`, "schema 1 is too old"},
		"no layers":            {dockerManifest[strings.Index(dockerManifest, `"layers"`):], `"layers": []}`, "no layers"},
		"another kind":         {"distribution.manifest.v2", "plugin.v1", "is no image"},
		"another kind within":  {"container.image.v1", "plugin.v1", "no image of a container"},
		"a digest that isn't":  {layerSum, "md5:abc", "unsupported hash"},
		"a digest cut short":   {layerSum, layerSum[:20], "wrong number of hex digits"},
		"no digest":            {`, "digest": "` + layerSum + `"`, "", "not sha256"},
		"a size below nothing": {"32654", "-1", "not sha256 of something"},
		"a huge configuration": {"7023", "70230000000", "the limit is"},
		"a foreign layer":      {"image.rootfs.diff.tar.gzip", "image.rootfs.foreign.diff.tar.gzip", "not distributed"},
	} {
		_, err := parseManifest([]byte(strings.Replace(dockerManifest, c.old, c.with, 1)))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want %q", name, err, c.says)
		}
	}
}

func TestIndexes(t *testing.T) {
	// covers: OCISpecTest.ParseIndex
	// covers: OCISpecTest.ParseDescriptor
	raw := []byte(`{
  "schemaVersion": 2,
  "manifests": [
    {"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 7143, "digest": "` + configSum + `",
     "platform": {"architecture": "ppc64le", "os": "linux", "os.version": "16.04"}},
    {"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 7682, "digest": "` + layerSum + `",
     "urls": ["https://example.com/example-manifest"],
     "platform": {"architecture": "` + runtime.GOARCH + `", "os": "linux", "os.features": ["sse4"]}}
  ],
  "annotations": {"com.example.key1": "value1"}
}`)
	if !isIndex(raw) || isIndex([]byte(ociManifest)) || isIndex([]byte(dockerManifest)) || isIndex([]byte("x")) {
		t.Error("indexes and manifests are confused")
	}
	index, err := parseIndex(raw)
	if err != nil {
		t.Fatal(err)
	}
	first, d := index.Manifests[0], index.Manifests[1]
	if first.Size != 7143 || first.Platform.Architecture != "ppc64le" || first.Platform.OSVersion != "16.04" ||
		index.Annotations["com.example.key1"] != "value1" || d.Platform.OSFeatures[0] != "sse4" || d.URLs[0] != "https://example.com/example-manifest" {
		t.Errorf("%+v", index)
	}
	if picked, err := pick(index); err != nil || picked.Digest.String() != layerSum || picked.Size != 7682 {
		t.Errorf("%+v, %v", picked, err)
	}
	for _, bad := range []string{`{`, `{"manifests":[]}`, `{"schemaVersion":2,"manifests":[{"size":1}]}`} {
		if _, err := parseIndex([]byte(bad)); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

func TestConfigurations(t *testing.T) {
	ids, err := parseConfig([]byte(`{"rootfs":{"type":"layers","diff_ids":["`+configSum+`","`+layerSum+`"]}}`), 2)
	if err != nil || len(ids) != 2 || ids[0] != configSum || ids[1] != layerSum {
		t.Errorf("%v, %v", ids, err)
	}
	for raw, says := range map[string]string{
		`[]`:                           "not JSON",
		`{}`:                           "of type",
		`{"rootfs":{"type":"layers"}}`: "0 layers, and 1",
		`{"rootfs":{"type":"layers","diff_ids":["../../etc"]}}`:   "not sha256",
		`{"rootfs":{"type":"layers","diff_ids":["sha256:../x"]}}`: "not sha256",
	} {
		if _, err := parseConfig([]byte(raw), 1); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v; want %q", raw, err, says)
		}
	}
}
