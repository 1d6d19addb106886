package sandbox

import (
	"bytes"
	"context"

	"github.com/charmbracelet/x/ansi"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/tui/component/pane"
	"github.com/mesosctl/mesosctl/tui/page"
)

// A file is seen through a window: what is in memory of it, however large it is. A
// search goes through it in steps of the same kind.
const (
	windowBytes = 1 << 20
	stepBytes   = 4 << 20
	// maxLine is the longest line that is shown as one, in bytes.
	maxLine = 16 << 10
)

// window is a part of a file, as lines. It implements pane.Lines.
type window struct {
	lines []string
	at    []uint64 // where each of them begins in the file
	start uint64   // the first byte that is in lines
	end   uint64   // the byte after the last one
	size  uint64   // of the file
	raw   []byte   // the beginning of it, to tell whether it is text
}

// Len implements pane.Lines.
func (w *window) Len() int { return len(w.lines) }

// Line implements pane.Lines.
func (w *window) Line(i int) string { return w.lines[i] }

// line is the line that a byte of the file is in.
func (w *window) line(at uint64) int {
	i := 0
	for i+1 < len(w.at) && w.at[i+1] <= at {
		i++
	}
	return i
}

// binary reports whether it is not text.
func (w *window) binary() bool { return bytes.IndexByte(w.raw, 0) >= 0 }

// readWindow reads the part of a file that begins at a byte, or at the line after it.
func readWindow(ctx context.Context, files client.Files, path string, start uint64) (*window, error) {
	const sniffed = 8 << 10
	size, err := files.Size(ctx, path)
	if err != nil {
		return nil, err
	}
	data, err := read(ctx, files, path, start, windowBytes)
	if err != nil {
		return nil, err
	}
	w := &window{size: max(size, start+uint64(len(data))), raw: bytes.Clone(data[:min(len(data), sniffed)])}
	whole, skipped := wholeLines(data, start > 0, start+uint64(len(data)) >= w.size)
	w.start = start + uint64(skipped)
	w.end = w.start
	each(whole, func(line []byte, offset int) bool {
		w.at = append(w.at, w.start+uint64(offset))
		w.lines = append(w.lines, pane.Sanitize(line))
		w.end = w.start + uint64(offset+len(line))
		return true
	})
	return w, nil
}

// read reads so many bytes of a file, or what there is of them.
func read(ctx context.Context, files client.Files, path string, at uint64, n int) ([]byte, error) {
	var all []byte
	for len(all) < n {
		data, err := files.Read(ctx, path, at+uint64(len(all)))
		if err != nil {
			return nil, err
		}
		if len(data) == 0 {
			break
		}
		all = append(all, data...)
	}
	return all[:min(len(all), n)], nil
}

// wholeLines takes off the rest of a line that began before, and the beginning of one
// that is not over, unless there is nothing else.
func wholeLines(data []byte, cutBefore, atEnd bool) (whole []byte, skipped int) {
	if cutBefore {
		if i := bytes.IndexByte(data, '\n'); i >= 0 && i+1 < len(data) {
			data, skipped = data[i+1:], i+1
		}
	}
	if !atEnd {
		if i := bytes.LastIndexByte(data, '\n'); i >= 0 {
			data = data[:i+1]
		}
	}
	return data, skipped
}

// each calls f with every line, its end included, and where it begins, until f has
// seen enough. Long lines come in pieces.
func each(data []byte, f func(line []byte, offset int) bool) {
	for at := 0; at < len(data); {
		end := bytes.IndexByte(data[at:], '\n') + 1
		if end == 0 {
			end = len(data) - at
		}
		end = min(end, maxLine)
		if !f(data[at:at+end], at) {
			return
		}
		at += end
	}
}

// found is how far a step of a search has come.
type found struct {
	hit  bool
	at   uint64 // where the line with the match begins
	next uint64 // where to go on
	over bool   // there is nothing to go on with
}

func matches(f page.Filter, line []byte) bool {
	return len(f.Find(ansi.Strip(pane.Sanitize(line)))) > 0
}

// searchDown looks for a line with a match that begins at a byte or after it.
func searchDown(ctx context.Context, files client.Files, path string, f page.Filter, from uint64) (found, error) {
	data, err := read(ctx, files, path, from, stepBytes)
	if err != nil {
		return found{}, err
	}
	over := len(data) < stepBytes
	whole, _ := wholeLines(data, false, over)
	result := found{next: from + uint64(len(whole)), over: over}
	each(whole, func(line []byte, offset int) bool {
		if matches(f, line) {
			result.hit, result.at = true, from+uint64(offset)
		}
		return !result.hit && ctx.Err() == nil
	})
	return result, nil
}

// searchUp looks for the last line with a match that begins before a byte.
func searchUp(ctx context.Context, files client.Files, path string, f page.Filter, before uint64) (found, error) {
	start := before - min(before, stepBytes)
	data, err := read(ctx, files, path, start, int(before-start)) //nolint:gosec // it is stepBytes at most
	if err != nil {
		return found{}, err
	}
	whole, skipped := wholeLines(data, start > 0, true)
	result := found{next: start + uint64(skipped), over: start == 0}
	each(whole, func(line []byte, offset int) bool {
		if matches(f, line) {
			result.hit, result.at = true, result.next+uint64(offset)
		}
		return ctx.Err() == nil
	})
	return result, nil
}
