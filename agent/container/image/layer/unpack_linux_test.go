package layer

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/mesos"
)

// archive makes a tar archive of headers; a file's body is its Uname.
func archive(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, h := range headers {
		body := h.Uname
		h.Uname = ""
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
		}
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(body))
		}
		if h.Mode == 0 {
			h.Mode = 0o755
		}
		h.Format = tar.FormatPAX
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, body); h.Typeflag == tar.TypeReg && err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func file(name, body string) tar.Header { return tar.Header{Name: name, Uname: body} }
func dir(name string) tar.Header        { return tar.Header{Name: name, Typeflag: tar.TypeDir} }
func symlink(name, target string) tar.Header {
	return tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeSymlink}
}
func hardlink(name, target string) tar.Header {
	return tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeLink}
}

// inside makes a directory whose surroundings can be checked for what got out.
func inside(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "outside", "layer")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "../secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// list is every file below a directory, with what it is.
func list(t testing.TB, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		switch {
		case d.IsDir():
			name += "/"
		case d.Type()&fs.ModeSymlink != 0:
			target, _ := os.Readlink(path)
			name += " -> " + target
		case d.Type()&fs.ModeCharDevice != 0:
			name += " device"
		case d.Type().IsRegular():
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name += " " + string(data)
		}
		all = append(all, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func unpack(data []byte, dir string, form Form) (string, error) {
	return Unpack(context.Background(), bytes.NewReader(data), dir, form, DefaultLimits)
}

func needRoot(t testing.TB) {
	if os.Geteuid() != 0 {
		t.Skip("overlay's marks need root")
	}
}

func TestUnpackKeepsWhatFilesAre(t *testing.T) {
	needRoot(t)
	then := time.Unix(1_000_000_000, 5000)
	// cap_net_raw=ep, as setcap writes it
	raw := "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	data := archive(t,
		tar.Header{Name: "./", Typeflag: tar.TypeDir, Mode: 0o711},
		tar.Header{Name: "bin/", Typeflag: tar.TypeDir, Mode: 0o1777, Uid: 7, ModTime: then},
		tar.Header{Name: "bin/su", Uname: "su", Mode: 0o4755, ModTime: then},
		tar.Header{Name: "bin/ping", Uname: "ping", Mode: 0o755, Uid: 5, Gid: 6, PAXRecords: map[string]string{
			"SCHILY.xattr.security.capability": raw, "SCHILY.xattr.user.note": "hello",
			"SCHILY.xattr.trusted.overlay.redirect": "/etc",
		}},
		hardlink("bin/ping4", "bin/ping"),
		tar.Header{Name: "pipe", Typeflag: tar.TypeFifo, Mode: 0o640},
		tar.Header{Name: "link", Typeflag: tar.TypeSymlink, Linkname: "/no/where", Uid: 9, ModTime: then},
	)
	root := inside(t)
	if _, err := unpack(data, root, Overlay); err != nil {
		t.Fatal(err)
	}
	stat := func(name string) (st unix.Stat_t) {
		if err := unix.Lstat(filepath.Join(root, name), &st); err != nil {
			t.Fatal(err)
		}
		return st
	}
	for name, want := range map[string]uint32{
		"": unix.S_IFDIR | 0o711, "bin": unix.S_IFDIR | 0o1777, "bin/su": unix.S_IFREG | 0o4755, "pipe": unix.S_IFIFO | 0o640,
	} {
		if got := stat(name).Mode; got != want {
			t.Errorf("%q: mode %o, want %o", name, got, want)
		}
	}
	if st := stat("bin"); st.Uid != 7 || st.Mtim.Nano() != then.UnixNano() {
		t.Errorf("bin: %+v", st)
	}
	if st := stat("link"); st.Uid != 9 || st.Mtim.Nano() != then.UnixNano() {
		t.Errorf("link: %+v", st)
	}
	ping, ping4 := stat("bin/ping"), stat("bin/ping4")
	if ping.Ino != ping4.Ino || ping.Uid != 5 || ping.Gid != 6 {
		t.Errorf("ping %+v, ping4 %+v", ping, ping4)
	}
	value := make([]byte, 100)
	if n, err := unix.Lgetxattr(filepath.Join(root, "bin/ping"), "security.capability", value); err != nil || string(value[:n]) != raw {
		t.Errorf("capability: %q, %v", value[:max(n, 0)], err)
	}
	if n, err := unix.Lgetxattr(filepath.Join(root, "bin/ping"), "trusted.overlay.redirect", value); err == nil {
		t.Errorf("an attribute of overlayfs got in: %q", value[:n])
	}
}

func TestUnpackStaysInside(t *testing.T) {
	needRoot(t)
	for name, c := range map[string]struct {
		headers []tar.Header
		says    string   // of the error
		want    []string // without one
	}{
		"a name that climbs":             {[]tar.Header{file("../escaped", "x")}, `"../escaped": a name that leaves`, nil},
		"a name that climbs later":       {[]tar.Header{file("a/b/../../../escaped", "x")}, "leaves its directory", nil},
		"a name from the root":           {[]tar.Header{file("/etc/x", "x")}, "", []string{"etc/", "etc/x x"}},
		"a link to the host's root":      {[]tar.Header{symlink("e", "/"), file("e/escaped", "x")}, "", []string{"e -> /", "escaped x"}},
		"a link that climbs":             {[]tar.Header{symlink("e", "../.."), file("e/escaped", "x")}, "", []string{"e -> ../..", "escaped x"}},
		"a link to a link that climbs":   {[]tar.Header{symlink("a", "b/.."), symlink("b", "../.."), file("a/x", "x")}, "", []string{"a -> b/..", "b -> ../..", "x x"}},
		"a link to what isn't there":     {[]tar.Header{symlink("lib", "/usr/lib"), file("lib/x", "x")}, "", []string{"lib -> /usr/lib", "usr/", "usr/lib/", "usr/lib/x x"}},
		"links in a circle":              {[]tar.Header{symlink("a", "b"), symlink("b", "a"), file("a/x", "x")}, "too many levels of symbolic links", nil},
		"a file over a link":             {[]tar.Header{symlink("s", "../secret"), file("s", "x")}, "", []string{"s x"}},
		"a directory over a link":        {[]tar.Header{symlink("s", ".."), dir("s"), file("s/x", "x")}, "", []string{"s/", "s/x x"}},
		"a link over a directory":        {[]tar.Header{file("s/a/b", "x"), symlink("s", ".."), file("s/y", "y")}, "", []string{"s -> ..", "y y"}},
		"a hard link that climbs":        {[]tar.Header{hardlink("h", "../secret")}, "leaves its directory", nil},
		"a hard link to the host":        {[]tar.Header{hardlink("h", "/etc/passwd")}, `a link to "etc/passwd", which isn't in the layer`, nil},
		"a hard link through a link":     {[]tar.Header{symlink("e", ".."), hardlink("h", "e/secret")}, "isn't in the layer", nil},
		"a hard link to a link":          {[]tar.Header{symlink("e", "../secret"), hardlink("h", "e")}, "", []string{"e -> ../secret", "h -> ../secret"}},
		"a hard link to itself":          {[]tar.Header{file("h", "x"), hardlink("h", "h")}, "", []string{"h x"}},
		"a hard link to a directory":     {[]tar.Header{dir("d"), hardlink("h", "d")}, "which is no file", nil},
		"a whiteout that climbs":         {[]tar.Header{file("a/.wh...", "")}, "nothing in particular", nil},
		"a whiteout of nothing":          {[]tar.Header{file("a/.wh.", "")}, "nothing in particular", nil},
		"a whiteout through a link":      {[]tar.Header{symlink("e", ".."), file("e/.wh.secret", "")}, "", []string{"e -> ..", "secret device"}},
		"a directory hidden through one": {[]tar.Header{symlink("e", ".."), file("e/.wh..wh..opq", "")}, "", []string{"e -> .."}},
		"inside of a whiteout":           {[]tar.Header{file(".wh.a/b", "")}, "inside of what is to be gone", nil},
		"a NUL byte":                     {[]tar.Header{symlink("a\x00b", "x")}, "", nil},
		"a block device":                 {[]tar.Header{{Name: "sda", Typeflag: tar.TypeBlock, Devmajor: 8}}, `"sda": a device node (8:0): images bring no devices`, nil},
		"a device of another name":       {[]tar.Header{{Name: "dev/mem", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 1}}, "images bring no devices", nil},
		"memory called null":             {[]tar.Header{{Name: "dev/null", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 1}}, "images bring no devices", nil},
		"a whiteout by device":           {[]tar.Header{{Name: "etc", Typeflag: tar.TypeChar}}, "images bring no devices", nil},
		"the usual devices":              {[]tar.Header{{Name: "./dev/null", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3}, file("x", "x")}, "", []string{"x x"}},
		"what aufs kept":                 {[]tar.Header{dir(".wh..wh.plnk"), file(".wh..wh.plnk/1.2", ""), file(".wh..wh.aufs", ""), file("x", "x")}, "", []string{"x x"}},
		"the layer itself a file":        {[]tar.Header{symlink("./", "/etc")}, "names the layer itself", nil},
		"a very deep path":               {[]tar.Header{file(strings.Repeat("a/", 600)+"x", "")}, "directories deep", nil},
		"a component too long":           {[]tar.Header{file(strings.Repeat("a", 300), "")}, "name too long", nil},
	} {
		t.Run(name, func(t *testing.T) {
			root := inside(t)
			var data []byte
			if name == "a NUL byte" { // archive/tar doesn't write it
				data = archive(t, symlink("aXb", "x"))
				data = bytes.Replace(data, []byte("aXb"), []byte("a\x00b"), 1)
				c.says = "not a whole archive"
			} else {
				data = archive(t, c.headers...)
			}
			_, err := unpack(data, root, Overlay)
			if c.says != "" {
				if err == nil || mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), c.says) {
					t.Errorf("error %v; want mesos.Invalid, %q", err, c.says)
				}
			} else if got := list(t, root); err != nil || !slices.Equal(got, c.want) {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
			if out := list(t, filepath.Dir(root)); !slices.Equal(slices.DeleteFunc(out, func(s string) bool { return strings.HasPrefix(s, "layer/") }), []string{"secret secret"}) {
				t.Errorf("outside: %q", out)
			}
		})
	}
}

func isOpaque(t *testing.T, dir string) bool {
	t.Helper()
	value := make([]byte, 8)
	n, err := unix.Lgetxattr(dir, "trusted.overlay.opaque", value)
	if err != nil && !errors.Is(err, unix.ENODATA) {
		t.Fatal(err)
	}
	return n == 1 && value[0] == 'y'
}

func TestWhiteoutsForOverlay(t *testing.T) {
	needRoot(t)
	root := inside(t)
	_, err := unpack(archive(t,
		file("a/.wh.gone", ""),
		file("b/.wh..wh..opq", ""), file("b/new", "new"),
		// Whatever comes first, what this layer has stays.
		file(".wh.c", ""), file("c", "c"),
		file("d", "d"), file(".wh.d", ""),
		file("e/x", "x"), file(".wh.e", ""),
		file(".wh.f", ""), dir("f"),
		file(".wh.g", ""), file("g/x", "x"),
	), root, Overlay)
	want := []string{"a/", "a/gone device", "b/", "b/new new", "c c", "d d", "e/", "e/x x", "f/", "g/", "g/x x"}
	if got := list(t, root); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
	for name, want := range map[string]bool{"a": false, "b": true, "e": true, "f": true, "g": true} {
		if isOpaque(t, filepath.Join(root, name)) != want {
			t.Errorf("%s: opaque is %v", name, !want)
		}
	}
	var st unix.Stat_t
	if err := unix.Lstat(filepath.Join(root, "a/gone"), &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFCHR || st.Rdev != 0 {
		t.Errorf("whiteout %+v, %v", st, err)
	}
}

func TestUnpackAsAUserKeepsNoPrivileges(t *testing.T) {
	root := inside(t)
	u, err := openTree(root, Plain)
	if err != nil {
		t.Fatal(err)
	}
	defer u.close()
	u.owners = false
	if err := u.file("su", entry{mode: 0o6755, uid: 1 << 20}, strings.NewReader("su")); err != nil {
		t.Fatal(err)
	}
	if err := u.directory("d", entry{mode: 0o555}); err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	if err := unix.Lstat(filepath.Join(root, "su"), &st); err != nil || st.Mode&0o7777 != 0o755 || int(st.Uid) != os.Geteuid() {
		t.Errorf("su: %o of %d, %v", st.Mode, st.Uid, err)
	}
	if err := unix.Lstat(filepath.Join(root, "d"), &st); err != nil || st.Mode&0o7777 != 0o755 {
		t.Errorf("d: %o, %v", st.Mode, err)
	}
}

func compressions(t *testing.T, data []byte) map[string][]byte {
	var gz, zs bytes.Buffer
	g := gzip.NewWriter(&gz)
	z, err := zstd.NewWriter(&zs)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []io.WriteCloser{g, z} {
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return map[string][]byte{"none": data, "gzip": gz.Bytes(), "zstd": zs.Bytes()}
}

func TestUnpackDecompressesAndTellsTheDigest(t *testing.T) {
	data := append(archive(t, file("x", "x")), make([]byte, 4096)...) // padded, as tar does
	sum := sha256.Sum256(data)
	want := "sha256:" + hex.EncodeToString(sum[:])
	for name, compressed := range compressions(t, data) {
		root := inside(t)
		got, err := unpack(compressed, root, Plain)
		if err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", name, got, err, want)
		}
		if got := list(t, root); !slices.Equal(got, []string{"x x"}) {
			t.Errorf("%s: %q", name, got)
		}
		if _, err := unpack(compressed[:len(compressed)*2/3], inside(t), Plain); name != "none" && mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%s: cut short: %v", name, err)
		}
	}
	for _, head := range []string{"BZh91AY&SY", "\xfd7zXZ\x00\x00"} {
		if _, err := unpack([]byte(head), inside(t), Plain); err == nil || !strings.Contains(err.Error(), "bzip2 or xz") {
			t.Errorf("%q: %v", head, err)
		}
	}
	if sum, err := unpack(nil, inside(t), Plain); err != nil || !strings.HasPrefix(sum, "sha256:e3b0c442") {
		t.Errorf("an empty layer: %s, %v", sum, err)
	}
}

func TestUnpackIsBounded(t *testing.T) {
	many := make([]tar.Header, 20)
	for i := range many {
		many[i] = file(fmt.Sprint(i), "")
	}
	bomb := compressions(t, archive(t, file("zeros", strings.Repeat("\x00", 1<<20))))["gzip"]
	for says, c := range map[string]struct {
		data   []byte
		limits Limits
	}{
		"more than 10 entries":                           {archive(t, many...), Limits{10, 1 << 20}},
		"more than 65536 bytes once it is decompressed":  {bomb, Limits{10, 64 << 10}},
		"its files are more than 1000000 bytes":          {bomb, Limits{10, 1_000_000}},
		`"zeros": its files are more than 1048575 bytes`: {bomb, Limits{10, 1<<20 - 1}},
	} {
		_, err := Unpack(t.Context(), bytes.NewReader(c.data), inside(t), Plain, c.limits)
		if err == nil || mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), says) {
			if says != "more than 65536 bytes once it is decompressed" || err == nil || !strings.Contains(err.Error(), "more than 65536 bytes") {
				t.Errorf("%v; want %q", err, says)
			}
		}
	}
}

func TestUnpackStopsWhenItsContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("nobody waits any more")
	cancel(why)
	if _, err := Unpack(ctx, bytes.NewReader(archive(t, file("x", ""))), inside(t), Plain, DefaultLimits); !errors.Is(err, why) {
		t.Errorf("error %v", err)
	}
}

func TestCopyMergesLayers(t *testing.T) {
	lower, upper, root := inside(t), inside(t), inside(t)
	if _, err := unpack(archive(t,
		file("a", "lower"), file("gone", "lower"), file("d/x", "lower"), file("d/y", "lower"),
		file("opaque/old", "lower"), file("bin/sh", "sh"), symlink("bad", "/bin"), file("tree/a/b", "b"),
		file("one", "1"), hardlink("two", "one"),
	), lower, Plain); err != nil {
		t.Fatal(err)
	}
	if _, err := unpack(archive(t,
		file("a", "upper"), file(".wh.gone", ""), file("d/.wh.x", ""), file("opaque/.wh..wh..opq", ""),
		file("opaque/new", "upper"), file("bad/.wh.sh", ""), file("bad/.wh..wh..opq", ""), file("tree", "file"),
	), upper, Plain); err != nil {
		t.Fatal(err)
	}
	if err := Copy(t.Context(), []string{lower, upper}, root); err != nil {
		t.Fatal(err)
	}
	want := []string{"a upper", "bad/", "bin/", "bin/sh sh", "d/", "d/y lower", "one 1", "opaque/", "opaque/new upper", "tree file", "two 1"}
	if got := list(t, root); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	one, err1 := os.Stat(filepath.Join(root, "one"))
	two, err2 := os.Stat(filepath.Join(root, "two"))
	if err1 != nil || err2 != nil || !os.SameFile(one, two) {
		t.Errorf("hard links: %v %v", err1, err2)
	}
	if from, err := os.Stat(filepath.Join(lower, "one")); err != nil || os.SameFile(one, from) {
		t.Errorf("a copy is the layer's own file: %v", err)
	}
}

// FuzzUnpack looks for an archive that writes, links or removes outside of its
// directory.
func FuzzUnpack(f *testing.F) {
	f.Add(archive(f, dir("a"), file("a/b", "x"), hardlink("c", "a/b"), symlink("d", "../.."), file("d/e", "x")))
	f.Add(archive(f, file("a/.wh.b", ""), file("a/.wh..wh..opq", ""), symlink("s", "/"), file("s/../x", "")))
	f.Add(archive(f, symlink("a", "a/../.."), dir("a/b"), hardlink("x", "a/secret"), file(".wh.a", "")))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, form := range []Form{Overlay, Plain} {
			if form == Overlay && os.Geteuid() != 0 {
				continue
			}
			root := inside(t)
			limits := Limits{Entries: 100, Bytes: 1 << 20}
			if _, err := Unpack(context.Background(), bytes.NewReader(data), root, form, limits); err != nil && err.Error() == "" {
				t.Error("an error without words")
			}
			names, err := os.ReadDir(filepath.Dir(root))
			secret, err2 := os.ReadFile(filepath.Join(root, "../secret"))
			var st unix.Stat_t
			err3 := unix.Lstat(filepath.Join(root, "../secret"), &st)
			if err != nil || err2 != nil || err3 != nil || len(names) != 2 || string(secret) != "secret" || st.Nlink != 1 {
				t.Fatalf("outside: %v %q %+v %v %v %v", names, secret, st, err, err2, err3)
			}
		}
	})
}
