// Package iostreams is the program's three streams, and what is known of the
// terminal behind them.
package iostreams

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Streams are stdin, stdout and stderr.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// OutTerminal and ErrTerminal tell whether a person reads there, InTerminal
	// whether one can be asked.
	InTerminal, OutTerminal, ErrTerminal bool
	color                                bool
	force                                bool // colour whoever reads
}

// Colored reports whether stdout takes colours.
func (s *Streams) Colored() bool { return s.force || s.OutTerminal && s.color }

// System returns the process's own streams.
func System(getenv func(string) string) *Streams {
	return &Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		InTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		color:       getenv("NO_COLOR") == "" && getenv("CLICOLOR") != "0" && getenv("TERM") != "dumb",
		force:       getenv("NO_COLOR") == "" && getenv("CLICOLOR_FORCE") != "" && getenv("CLICOLOR_FORCE") != "0",
	}
}

// ErrWidth is how many columns the terminal behind stderr has now.
func (s *Streams) ErrWidth() int {
	const usual = 80
	if f, ok := s.Err.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return usual
}

// DisableColor is --no-color.
func (s *Streams) DisableColor() { s.color, s.force = false, false }

// Color reports whether a terminal may be given colours.
func (s *Streams) Color() bool { return s.color }

// Paint colours text for stdout, if that is a terminal that wants colour.
func (s *Streams) Paint(c Color, text string) string { return s.paint(s.OutTerminal, c, text) }

// PaintErr colours text for stderr, if that is a terminal that wants colour.
func (s *Streams) PaintErr(c Color, text string) string { return s.paint(s.ErrTerminal, c, text) }

func (s *Streams) paint(terminal bool, c Color, text string) string {
	if !s.force && (!terminal || !s.color) {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// Color is a rendition that every terminal has.
type Color string

// The colours in use.
const (
	Bold  Color = "1"
	Faint Color = "2"
	Red   Color = "31"
	Green Color = "32"
)
