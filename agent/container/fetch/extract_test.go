package fetch

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
)

func tarArchive(t testing.TB, headers ...*tar.Header) string {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, h := range headers {
		content := "content of " + h.Name
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(content))
		}
		if h.Mode == 0 {
			h.Mode = 0o644
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			w.Write([]byte(content))
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func reg(name string) *tar.Header { return &tar.Header{Name: name, Typeflag: tar.TypeReg} }

func gzipped(content string) string {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	w.Write([]byte(content))
	w.Close()
	return buf.String()
}

func zipArchive(t testing.TB, headers ...*zip.FileHeader) string {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, h := range headers {
		to, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		to.Write([]byte("content of " + h.Name))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func zipped(name string, mode fs.FileMode) *zip.FileHeader {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate}
	h.SetMode(mode)
	return h
}

// Archives of one file named hello, for which the standard library has no writer.
const (
	bzip2Tar = "QlpoOTFBWSZTWZM7Kr0AAHF7hMmQAERAAG+AAAhiRJ4AAACACCAAVCUo9QDTRtTRpk9QSVPKDR6gaA0FPu4d0IJWAJE9JE4vtM6k" +
		"kDBDD0Zq0luqDLOGyyyncN6dvUsEhi2tXwHfFEQPxdyRThQkJM7Kr0A="
	xzTar = "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4Cf/AGBdADQZSe6N1/i4P8k3Mt7I1YCE//IZ90G1wny6qtj+Uw2SLrdOtbDVDHkBNd8gMzG1" +
		"RKmGhZUOPfcIaBirvBk3FAABCYRJ+9aGs4RR/Jbu3yxNtvcYU8FnpARmYrEVka/0AABo+cvvtbQsOAABfIBQAAAAV6ZexbHEZ/sCAAAAAARZWg=="
)

func decode(t testing.TB, text string) string {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// covers: FetcherTest.ExtractTar
// covers: FetcherTest.ExtractNotExecutable
// covers: CompressionTest.GZIPDecompressTarFile
func TestTar(t *testing.T) {
	plain := tarArchive(t,
		&tar.Header{Name: "dir/", Typeflag: tar.TypeDir, Mode: 0o555},
		reg("dir/file"),
		&tar.Header{Name: "./bin", Typeflag: tar.TypeReg, Mode: 0o4755, ModTime: time.Unix(1e9, 0)},
		&tar.Header{Name: "link", Typeflag: tar.TypeSymlink, Linkname: "dir/file"},
		&tar.Header{Name: "hard", Typeflag: tar.TypeLink, Linkname: "dir/file"},
		reg("new/dirs/file"))
	for name, content := range map[string]string{
		"a.tar": plain, "a.tar.gz": gzipped(plain), "a.tgz": gzipped(plain),
	} {
		f := newFixture(t)
		f.mustFetch(uri(f.file(name, content)))
		f.has("dir/file", "content of dir/file")
		f.has("link", "content of dir/file")
		f.has("hard", "content of dir/file")
		f.has("new/dirs/file", "content of new/dirs/file")
		f.has(name, content) // the archive stays
		if mode := f.mode("bin"); mode != 0o755 {
			t.Errorf("mode = %v, want 0755: nobody becomes someone else", mode)
		}
		if mode := f.mode("dir"); mode.Perm() != 0o555 {
			t.Errorf("mode of the directory = %v, want 0555", mode)
		}
		os.Chmod(filepath.Join(f.sandbox, "dir"), 0o755)
	}
	for name, content := range map[string]string{
		"a.tar.bz2": decode(t, bzip2Tar), "a.tbz2": decode(t, bzip2Tar),
		"a.tar.xz": decode(t, xzTar), "a.txz": decode(t, xzTar),
	} {
		f := newFixture(t)
		f.mustFetch(uri(f.file(name, content)))
		f.has("hello", "hello\n")
	}
}

// covers: FetcherTest.ExtractGzipFile
// covers: FetcherTest.CustomGzipOutputFile
func TestGzip(t *testing.T) {
	f := newFixture(t)
	from := f.file("test.gz", gzipped("data"))
	f.mustFetch(uri(from), output(from, "custom.gz"), output(from, "dir/below.gz"))
	f.has("test", "data")
	f.has("custom", "data")
	f.has("below", "data")
	f.refused("header", uri(f.file("bad.gz", "this is no gzip file")))
}

// covers: FetcherTest.UNZIP_ExtractFile
func TestZip(t *testing.T) {
	f := newFixture(t)
	f.mustFetch(uri(f.file("a.zip", zipArchive(t,
		zipped("dir/file", 0o640),
		zipped("bin", 0o755),
		zipped("link", fs.ModeSymlink|0o777)))))
	f.has("dir/file", "content of dir/file")
	if mode := f.mode("dir/file"); mode != 0o640 {
		t.Errorf("mode = %v, want 0640", mode)
	}
	if mode := f.mode("bin"); mode != 0o755 {
		t.Errorf("mode = %v, want 0755", mode)
	}
	if target, err := os.Readlink(filepath.Join(f.sandbox, "link")); target != "content of link" {
		t.Errorf("link to %q, %v", target, err)
	}
}

// covers: FetcherTest.UNZIP_ExtractFileWithDuplicatedEntries
func TestLastOfTwoEntriesStays(t *testing.T) {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, content := range []string{"1", "2"} {
		to, _ := w.Create("A")
		to.Write([]byte(content))
	}
	w.Close()
	f := newFixture(t)
	f.mustFetch(uri(f.file("a.zip", buf.String())))
	f.has("A", "2")
}

// covers: FetcherTest.UNZIP_ExtractInvalidFile
func TestBrokenArchives(t *testing.T) {
	var wrongSum bytes.Buffer
	w := zip.NewWriter(&wrongSum)
	to, _ := w.CreateRaw(&zip.FileHeader{
		Name: "world", CRC32: crc32.ChecksumIEEE([]byte("another")),
		CompressedSize64: 5, UncompressedSize64: 5,
	})
	to.Write([]byte("hello"))
	w.Close()
	f := newFixture(t)
	f.refused("checksum", uri(f.file("sum.zip", wrongSum.String())))
	f.refused("extract", uri(f.file("no.zip", "no zip")))
	f.refused("extract", uri(f.file("no.tar", "no tar, but something that is far too short")))
	f.refused("extract", uri(f.file("no.tar.xz", "no xz")))
	f.refused("extract", uri(f.file("cut.tar.gz", gzipped(tarArchive(t, reg("a")))[:60])))
}

func TestArchiveStaysInTheSandbox(t *testing.T) {
	outside := t.TempDir()
	for name, content := range map[string]string{
		"up.tar":        tarArchive(t, reg("../file")),
		"in-and-up.tar": tarArchive(t, reg("a/../../file")),
		"absolute.tar":  tarArchive(t, reg(outside+"/file")),
		"link.tar": tarArchive(t,
			&tar.Header{Name: "way", Typeflag: tar.TypeSymlink, Linkname: outside}, reg("way/file")),
		"hard.tar": tarArchive(t,
			&tar.Header{Name: "passwd", Typeflag: tar.TypeLink, Linkname: "../../../etc/passwd"}),
		"device.tar": tarArchive(t, &tar.Header{Name: "sda", Typeflag: tar.TypeBlock, Devmajor: 8}),
		"fifo.tar":   tarArchive(t, &tar.Header{Name: "fifo", Typeflag: tar.TypeFifo}),
		"up.zip":     zipArchive(t, zipped("../file", 0o644)),
		"device.zip": zipArchive(t, zipped("null", fs.ModeDevice|0o644)),
	} {
		f := newFixture(t)
		f.refused("entry", uri(f.file(name, content)))
		f.hasNot("../file")
		f.hasNot("sda")
		f.hasNot("null")
	}
	if entries, _ := os.ReadDir(outside); len(entries) > 0 {
		t.Error("something was written outside the sandbox")
	}
}

// A file replaces a link of its name, it is not written to where that leads.
func TestArchiveReplacesLinks(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "file")
	f := newFixture(t)
	f.mustFetch(uri(f.file("a.tar", tarArchive(t,
		&tar.Header{Name: "file", Typeflag: tar.TypeSymlink, Linkname: outside}, reg("file")))))
	f.has("file", "content of file")
	if _, err := os.Stat(outside); err == nil {
		t.Error("something was written outside the sandbox")
	}
}

func TestWhatIsNoArchiveIsOnlyCopied(t *testing.T) {
	f := newFixture(t)
	f.mustFetch(uri(f.file("a.txt", "data")))
	f.has("a.txt", "data")
	u := uri(f.file("a.tar", "no tar"))
	u.Extract = proto.Bool(false)
	f.mustFetch(u)
	f.has("a.tar", "no tar")
	u = uri(f.file("b.tar", "no tar"))
	u.Executable = proto.Bool(true) // goes before extract
	f.mustFetch(u)
	f.has("b.tar", "no tar")
}

func TestCachedArchiveIsNotLeftInTheSandbox(t *testing.T) {
	f := newFixture(t)
	u := uri(f.file("a.tar", tarArchive(t, reg("file"))))
	u.Cache = proto.Bool(true)
	f.mustFetch(u)
	f.has("file", "content of file")
	f.hasNot("a.tar")
}

// FuzzExtract shows that no archive panics or writes outside the sandbox.
func FuzzExtract(f *testing.F) {
	plain := tarArchive(f, reg("a"), reg("../b"), &tar.Header{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "/"})
	f.Add(uint8(0), []byte(plain))
	f.Add(uint8(1), []byte(gzipped(plain)))
	f.Add(uint8(2), []byte(decode(f, bzip2Tar)))
	f.Add(uint8(3), []byte(decode(f, xzTar)))
	f.Add(uint8(4), []byte(zipArchive(f, zipped("a", 0o644), zipped("../b", 0o644))))
	names := []string{"x.tar", "x.tar.gz", "x.tar.bz2", "x.tar.xz", "x.zip", "x.gz"}
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		dir := t.TempDir()
		name := names[int(kind)%len(names)]
		if err := os.Mkdir(filepath.Join(dir, "sandbox"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "sandbox", name), data, 0o644); err != nil {
			t.Fatal(err)
		}
		root, err := os.OpenRoot(filepath.Join(dir, "sandbox"))
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		file, err := root.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		extract(t.Context(), root, file, name)
		if entries, _ := os.ReadDir(dir); len(entries) != 1 {
			t.Errorf("something was written outside the sandbox: %v", entries)
		}
	})
}
