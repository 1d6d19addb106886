package httpapi

import (
	"io/fs"
	"maps"
	"mime"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// fileRoutes adds /files/*.
func (d *Daemon) fileRoutes(m *mux) {
	f := d.Files
	m.handle("/files/browse", d.in(d.readonly, http.HandlerFunc(f.browse)))
	m.handle("/files/read", d.in(d.readonly, http.HandlerFunc(f.read)))
	m.handle("/files/download", d.in(d.readonly, http.HandlerFunc(f.download)))
	m.handle("/files/debug", d.in(d.readonly, d.authorized("/files/debug", http.HandlerFunc(f.debug))))
}

// requestedPath is the request's ?path=. If it reports false it has answered.
func requestedPath(w http.ResponseWriter, r *http.Request) (string, bool) {
	if !allow(w, r, http.MethodGet, http.MethodHead) {
		return "", false
	}
	path := r.URL.Query().Get("path")
	if path == "" {
		refuse(w, mesos.Errorf(mesos.Invalid, "the query has no path=VALUE"))
	}
	return path, path != ""
}

func (f *Files) browse(w http.ResponseWriter, r *http.Request) {
	name, ok := requestedPath(w, r)
	if !ok {
		return
	}
	infos, err := f.Browse(principalOf(r.Context()), name)
	if err != nil {
		refuse(w, err)
		return
	}
	writeJSON(w, r, func(emit func([]byte)) {
		dst := []byte("[")
		for _, info := range infos {
			dst = append(appendFileInfo(append(comma(dst), '{'), info), '}')
		}
		emit(append(dst, ']'))
	})
}

// appendFileInfo appends a file as /files/browse shows it.
func appendFileInfo(dst []byte, f *mesospb.FileInfo) []byte {
	dst = appendString(dst, "gid", f.GetGid())
	dst = appendString(dst, "mode", modeText(f.GetMode()))
	dst = appendDouble(dst, "mtime", float64(f.GetMtime().GetNanoseconds())/1e9)
	dst = appendInt(dst, "nlink", int64(f.GetNlink()))
	dst = appendString(dst, "path", f.GetPath())
	dst = appendInt(dst, "size", int64(f.GetSize()))
	return appendString(dst, "uid", f.GetUid())
}

// The file types in the mode of stat(2).
const (
	modeType    = 0o170000
	modeSocket  = 0o140000
	modeLink    = 0o120000
	modeRegular = 0o100000
	modeBlock   = 0o060000
	modeDir     = 0o040000
	modeChar    = 0o020000
	modePipe    = 0o010000
)

// modeText is a mode as `ls -l` shows it.
func modeText(mode uint32) string {
	kinds := map[uint32]byte{
		modeSocket: 's', modeLink: 'l', modeBlock: 'b', modeDir: 'd', modeChar: 'c', modePipe: 'p',
	}
	text := []byte("-rwxrwxrwx")
	if kind, ok := kinds[mode&modeType]; ok {
		text[0] = kind
	}
	for i := range 9 {
		if mode&(1<<(8-i)) == 0 {
			text[i+1] = '-'
		}
	}
	return string(text)
}

// plainFileInfo is what any operating system tells of a file.
func plainFileInfo(virtual string, info fs.FileInfo) *mesospb.FileInfo {
	size, modified := uint64(info.Size()), info.ModTime().UnixNano()
	mode := uint32(modeRegular)
	if info.IsDir() {
		mode = modeDir
	}
	mode |= uint32(info.Mode().Perm())
	return &mesospb.FileInfo{
		Path: &virtual, Size: &size, Mode: &mode,
		Mtime: &mesospb.TimeInfo{Nanoseconds: &modified},
	}
}

// read serves /files/read?path=&offset=&length=. Without an offset, or with -1,
// it tells only the file's size, as the answer's offset.
func (f *Files) read(w http.ResponseWriter, r *http.Request) {
	name, ok := requestedPath(w, r)
	if !ok {
		return
	}
	offset, ok := position(w, r, "offset")
	if !ok {
		return
	}
	length, ok := position(w, r, "length")
	if !ok {
		return
	}
	var from uint64
	var most *uint64
	switch {
	case offset < 0:
		most = new(uint64)
	case length >= 0:
		bytes := uint64(length)
		most = &bytes
	}
	if offset > 0 {
		from = uint64(offset)
	}
	data, size, err := f.Read(principalOf(r.Context()), name, from, most)
	if err != nil {
		refuse(w, err)
		return
	}
	if offset < 0 {
		offset = size
	}
	writeJSON(w, r, func(emit func([]byte)) {
		dst := appendString([]byte("{"), "data", string(wholeRunes(data)))
		emit(append(appendInt(dst, "offset", offset), '}'))
	})
}

// wholeRunes cuts off a character that is incomplete at the end, so that a
// reader who goes on where this answer ends gets it whole. What is no UTF-8 at
// all is written as the replacement character.
func wholeRunes(data []byte) []byte {
	for cut := 1; cut < utf8.UTFMax && cut < len(data); cut++ {
		last := data[len(data)-cut:]
		if utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				return data[:len(data)-cut]
			}
			break
		}
	}
	return data
}

// position reads a parameter that is a number from -1 on; -1 if it is absent. If
// it reports false it has answered the request.
func position(w http.ResponseWriter, r *http.Request, name string) (int64, bool) {
	if !r.URL.Query().Has(name) {
		return -1, true
	}
	text := r.URL.Query().Get(name)
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < -1 {
		refuse(w, mesos.Errorf(mesos.Invalid, "%s %q is not a number from -1 on", name, text))
		return 0, false
	}
	return n, true
}

// download serves a whole file, or the range of it that is asked for.
func (f *Files) download(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodGet, http.MethodHead) {
		return
	}
	name, ok := requestedPath(w, r)
	if !ok {
		return
	}
	file, err := f.open(principalOf(r.Context()), name)
	if err != nil {
		refuse(w, err)
		return
	}
	defer file.Close() // it was only read
	info, err := file.Stat()
	if err != nil {
		refuse(w, mesos.Errorf(mesos.Internal, "download %q: %w", name, err))
		return
	}
	base := filepath.Base(file.Name())
	contentType := mime.TypeByExtension(filepath.Ext(base))
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": base}))
	http.ServeContent(w, r, base, info.ModTime(), file)
}

// debug shows which virtual path leads where.
func (f *Files) debug(w http.ResponseWriter, r *http.Request) {
	mappings := f.mappings()
	writeJSON(w, r, func(emit func([]byte)) {
		dst := []byte("{")
		for _, virtual := range slices.Sorted(maps.Keys(mappings)) {
			dst = appendString(dst, virtual, mappings[virtual])
		}
		emit(append(dst, '}'))
	})
}
