package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"

	"github.com/mesosctl/mesosctl/wire"
)

// readers is a process with clients that load /state again and again.
type readers struct {
	cmd   *exec.Cmd
	stdin io.Closer
}

// startReaders starts n of them and waits until each has read everything once.
func startReaders(binary, master string, n int) (*readers, error) {
	cmd := exec.Command(binary, "bench", "readers", master, strconv.Itoa(n))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	r := &readers{cmd, stdin}
	if _, err := io.ReadFull(stdout, make([]byte, len(reading))); err != nil {
		r.stop() //nolint:errcheck // there is an error already
		return nil, fmt.Errorf("readers: %w", err)
	}
	return r, nil
}

// stop ends them, and tells if one failed before.
func (r *readers) stop() error {
	r.stdin.Close()
	if err := r.cmd.Wait(); err != nil {
		return fmt.Errorf("readers: %w", err)
	}
	return nil
}

// reading is what the process of the readers says when all of them have begun.
const reading = "reading\n"

// RunReaders is that process: it reads until its input ends.
func RunReaders(ctx context.Context, master string, n int, in io.Reader, out io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		io.Copy(io.Discard, in) //nolint:errcheck // it has ended in any case
		stop()
	}()
	var begun, group sync.WaitGroup
	failed := make(chan error, n)
	begun.Add(n)
	for range n {
		group.Go(func() {
			_, err := fetch(ctx, master, "/state", "", wire.JSON.String())
			begun.Done()
			for err == nil {
				_, err = fetch(ctx, master, "/state", "", wire.JSON.String())
			}
			if ctx.Err() == nil {
				failed <- err
				stop()
			}
		})
	}
	begun.Wait()
	_, err := io.WriteString(out, reading)
	group.Wait()
	select {
	case err = <-failed:
	default:
	}
	return err
}
