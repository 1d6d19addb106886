package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/mesos"
)

// framesPerSecond is how often the screen is drawn at most.
const framesPerSecond = 120

// Terminal is where the UI is drawn, and where keys come from.
type Terminal struct {
	In      io.Reader
	Out     io.Writer
	Environ []string
}

// Run draws the UI until somebody quits or ctx ends. Whatever happens, the terminal
// is as it was when Run returns.
func Run(ctx context.Context, config Config, terminal Terminal, options ...tea.ProgramOption) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	model, err := New(ctx, config)
	if err != nil {
		return err
	}
	options = append([]tea.ProgramOption{
		tea.WithContext(ctx), tea.WithInput(terminal.In), tea.WithOutput(terminal.Out), tea.WithEnvironment(terminal.Environ),
		tea.WithFPS(framesPerSecond),
	}, options...)
	program := tea.NewProgram(model, options...)
	model.signals.listen(program.Send)
	_, err = program.Run()
	model.signals.end()
	model.Close()
	switch {
	case err == nil, errors.Is(err, tea.ErrInterrupted), ctx.Err() != nil && errors.Is(err, tea.ErrProgramKilled) && !errors.Is(err, tea.ErrProgramPanic):
		return nil
	case errors.Is(err, tea.ErrProgramPanic):
		return mesos.Errorf(mesos.Internal, "draw the cluster: %w", err)
	}
	return err
}

// SaveIn saves what is seen in files of their own in a directory, named after what
// it is and when it was.
func SaveIn(dir string, now func() time.Time) func(name string, from io.Reader) (string, error) {
	return func(name string, from io.Reader) (string, error) {
		extension := filepath.Ext(name)
		base := plainName(strings.TrimSuffix(name, extension)) + now().Format("-20060102-150405")
		for i := 1; ; i++ {
			path := filepath.Join(dir, "mesosctl-"+base+extension)
			if i > 1 {
				path = filepath.Join(dir, fmt.Sprintf("mesosctl-%s-%d%s", base, i, extension))
			}
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			if errors.Is(err, os.ErrExist) {
				continue
			}
			if err != nil {
				return "", fmt.Errorf("save: %w", err)
			}
			_, err = io.Copy(f, from)
			if closed := f.Close(); err == nil {
				err = closed
			}
			if err != nil {
				return "", fmt.Errorf("save %s: %w", path, err)
			}
			return path, nil
		}
	}
}

// plainName is a name without what has a meaning in paths.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
			return r
		}
		return '-'
	}, name)
}
