package execute

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	osexec "os/exec"
	"slices"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/exitcode"
	"github.com/mesosctl/mesosctl/exec"
	"github.com/mesosctl/mesosctl/wire"
)

// delegate has a second process see to the tasks, and returns as soon as that says so,
// or ends.
func (o *options) delegate(a *app.App, interrupts <-chan struct{}) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	second := osexec.Command(self, os.Args[1:]...)
	second.Args[0] = os.Args[0]
	second.Env = append(slices.Clone(a.Environ), behindVariable+"=1")
	second.Stderr, second.SysProcAttr = a.IO.Err, session()
	in, err := second.StdinPipe()
	if err != nil {
		return err
	}
	out, err := second.StdoutPipe()
	if err != nil {
		return err
	}
	if err := second.Start(); err != nil {
		return fmt.Errorf("start what sees to the tasks: %w", err)
	}
	for _, document := range o.documents {
		_, _ = in.Write(wire.AppendRecord(nil, document)) // if it has ended, that is noticed next
	}
	told := make(chan handover, 1)
	go func() {
		var h handover
		_ = json.NewDecoder(out).Decode(&h) // it may say nothing: it has ended then
		told <- h
	}()
	for asked := false; ; asked = true {
		select {
		case h := <-told:
			for _, id := range h.Tasks {
				fmt.Fprintln(a.IO.Out, id)
			}
			if h.Left {
				return second.Process.Release()
			}
			return ended(second.Wait())
		case <-interrupts:
			if asked {
				return exitcode.Status(exec.CodeInterrupted)
			}
			_, _ = in.Write([]byte{0}) // as above
		}
	}
}

// ended passes on how the second process ended; it has said why.
func ended(err error) error {
	var exit *osexec.ExitError
	switch {
	case !errors.As(err, &exit):
		return err
	case exit.ExitCode() < 0:
		return errKilled
	}
	return exitcode.Status(exit.ExitCode())
}

// standardInput is what a flag reads from stdin.
func (o *options) standardInput() ([]byte, error) {
	if o.behind != nil {
		return o.behind.document()
	}
	document, err := io.ReadAll(os.Stdin)
	o.documents = append(o.documents, document)
	return document, err
}
