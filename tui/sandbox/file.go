package sandbox

import (
	"context"
	"path"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/tui/component/pane"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/text"
)

// patience is how long reading a window may take.
const patience = 20 * time.Second

// File is a page that shows a file of a sandbox.
type File struct {
	deps   *page.Deps
	ctx    context.Context
	cancel context.CancelFunc
	files  client.Files
	path   string
	pane   *pane.Pane
	seen   *window // nil until it was read
	err    error
	// reads and searches count, so that answers nobody waits for are known.
	reading, searching int
	busy               bool   // a window is being read
	search             string // how far a search is; empty: there is none
}

// NewFile is the page of a file.
func NewFile(deps *page.Deps, files client.Files, name string) *File {
	f := &File{deps: deps, files: files, path: name, pane: pane.New(deps.Keys, deps.Style)}
	f.ctx, f.cancel = context.WithCancel(deps.Context)
	return f
}

// Title implements page.Page.
func (f *File) Title() string { return text.Clean(path.Base(f.path)) }

// Close implements page.Closing.
func (f *File) Close() { f.cancel() }

// Init implements page.Page.
func (f *File) Init() tea.Cmd { return f.load(place{}) }

// place is where to go in the file, once that part is read.
type place struct {
	start  uint64 // the window begins there
	anchor uint64 // the byte whose line is shown
	bottom bool   // the end of the file is shown, in place of these
	hit    bool   // the anchor is a match
}

// loaded is a window for a page.
type loaded struct {
	page   *File
	number int
	place  place
	window *window
	err    error
}

// load reads a window.
func (f *File) load(to place) tea.Cmd {
	f.reading++
	f.busy = true
	ctx, files, name, number := f.ctx, f.files, f.path, f.reading
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if to.bottom {
			size, err := files.Size(ctx, name)
			if err != nil {
				return loaded{f, number, to, nil, err}
			}
			to.start = size - min(size, windowBytes)
		}
		w, err := readWindow(ctx, files, name, to.start)
		return loaded{f, number, to, w, err}
	}
}

// around is the place of a byte with as much before it as after it.
func around(anchor uint64) place {
	return place{start: anchor - min(anchor, windowBytes/2), anchor: anchor}
}

func (f *File) take(msg loaded) {
	if msg.page != f || msg.number != f.reading {
		return
	}
	f.busy = false
	if f.err = msg.err; f.err != nil {
		return
	}
	f.seen = msg.window
	f.pane.SetLines(f.seen)
	switch line := f.seen.line(msg.place.anchor); {
	case msg.place.bottom:
		f.pane.ToBottom()
	case msg.place.hit:
		f.pane.GoTo(max(line-3, 0))
		f.pane.Reveal(line)
	default:
		f.pane.GoTo(line)
	}
}

// follow reads another window when the pane has come near an edge of this one.
func (f *File) follow() tea.Cmd {
	const margin = 4 // a quarter of it
	if f.busy || f.seen == nil || len(f.seen.at) == 0 {
		return nil
	}
	at := f.seen.at[min(f.pane.Top(), len(f.seen.at)-1)]
	length := f.seen.end - f.seen.start
	if f.seen.start > 0 && at < f.seen.start+length/margin || f.seen.end < f.seen.size && (at > f.seen.end-length/margin || f.pane.AtBottom()) {
		to := around(at)
		if to.start != f.seen.start {
			return f.load(to)
		}
	}
	return nil
}

// Update implements page.Page.
func (f *File) Update(msg tea.Msg) (page.Page, tea.Cmd) {
	switch msg := msg.(type) {
	case page.Size:
		f.pane.Resize(msg.Width, msg.Height)
	case loaded:
		f.take(msg)
	case stepped:
		return f, f.stepped(msg)
	case tea.KeyPressMsg:
		return f, f.press(msg)
	case tea.MouseWheelMsg:
		f.pane.Update(msg)
		return f, f.follow()
	}
	return f, nil
}

func (f *File) press(msg tea.KeyPressMsg) tea.Cmd {
	keys := f.deps.Keys
	f.stop()
	switch {
	case key.Matches(msg, keys.Save):
		return download(f.deps, f.files, f.path)
	case f.seen == nil || f.seen.binary():
		return nil
	case key.Matches(msg, keys.Refresh):
		return f.load(place{start: f.seen.start, anchor: f.here()})
	case key.Matches(msg, keys.Top) && f.seen.start > 0:
		return f.load(place{})
	case key.Matches(msg, keys.Bottom):
		return f.load(place{bottom: true})
	case key.Matches(msg, keys.NextMatch) && !f.pane.Next():
		return f.find(f.seen.end, true)
	case key.Matches(msg, keys.PrevMatch) && !f.pane.Prev():
		return f.find(f.seen.start, false)
	case key.Matches(msg, keys.NextMatch), key.Matches(msg, keys.PrevMatch):
	default:
		f.pane.Update(msg)
	}
	return f.follow()
}

// here is the byte that the first line shown begins at.
func (f *File) here() uint64 {
	if len(f.seen.at) == 0 {
		return f.seen.start
	}
	return f.seen.at[min(f.pane.Top(), len(f.seen.at)-1)]
}

// stepped is what a step of a search has found.
type stepped struct {
	page   *File
	number int
	down   bool
	found  found
	err    error
}

// find goes on with a search beyond the window, from a byte on.
func (f *File) find(from uint64, down bool) tea.Cmd {
	filter := f.pane.Search()
	if filter.Empty() {
		return nil
	}
	f.searching++
	f.search = "searching… " + text.Percent(float64(from)/float64(max(f.seen.size, 1)))
	ctx, files, name, number := f.ctx, f.files, f.path, f.searching
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		look := searchUp
		if down {
			look = searchDown
		}
		result, err := look(ctx, files, name, filter, from)
		return stepped{f, number, down, result, err}
	}
}

// stop ends a search.
func (f *File) stop() {
	f.searching++
	f.search = ""
}

func (f *File) stepped(msg stepped) tea.Cmd {
	if msg.page != f || msg.number != f.searching {
		return nil
	}
	f.search = ""
	switch {
	case msg.err != nil:
		return page.Fail(msg.err)
	case msg.found.hit:
		to := around(msg.found.at)
		to.hit = true
		return f.load(to)
	case msg.found.over:
		end := "end"
		if !msg.down {
			end = "beginning"
		}
		return page.Send(page.Notify{Level: page.Warn, Text: "no further match up to the " + end + " of the file"})
	}
	return f.find(msg.found.next, msg.down)
}

// Filter implements page.Filtering.
func (f *File) Filter() page.Filter { return f.pane.Search() }

// SetFilter implements page.Filtering: what matches is highlighted.
func (f *File) SetFilter(filter page.Filter) (page.Page, tea.Cmd) {
	f.stop()
	f.pane.SetSearch(filter)
	f.pane.Next()
	return f, f.follow()
}

// Count implements page.Counting.
func (f *File) Count() string {
	switch {
	case f.search != "":
		return f.search
	case f.seen == nil:
		return ""
	case f.seen.binary():
		return text.Bytes(float64(f.seen.size))
	case f.seen.start == 0 && f.seen.end >= f.seen.size:
		return text.Bytes(float64(f.seen.size)) + ", " + f.pane.Position()
	}
	return text.Bytes(float64(f.seen.size)) + ", from " + text.Percent(float64(f.here())/float64(f.seen.size)) + " on"
}

// Keys implements page.Page.
func (f *File) Keys() []key.Binding {
	k := f.deps.Keys
	return append([]key.Binding{k.Save, k.Refresh}, f.pane.Keys()...)
}

// View implements page.Page.
func (f *File) View(width, height int) string {
	st := f.deps.Style()
	f.pane.Resize(width, height)
	switch {
	case f.err != nil:
		return st.Bad.Render(text.Cut(text.Clean(f.err.Error()), width))
	case f.seen == nil:
		return st.Dim.Render("reading…")
	case f.seen.binary():
		return st.Warn.Render("this is a binary file of " + text.Bytes(float64(f.seen.size)) + ": ctrl-s downloads it")
	case len(f.seen.lines) == 0:
		return st.Dim.Render("the file is empty")
	}
	return f.pane.View()
}
