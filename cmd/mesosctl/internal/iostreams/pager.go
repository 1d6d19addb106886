package iostreams

import (
	"os"
	"os/exec"
	"os/signal"
	"strings"
)

// Page passes what is written to Out from now on through the person's pager, until
// stop is called, which waits for the person. Without a terminal, or a pager that
// can be started, nothing changes. The pager is $MESOSCTL_PAGER, else $PAGER, else
// less, which shows what fits on the screen without further ado; "cat" is none.
func (s *Streams) Page(getenv func(string) string) (stop func()) {
	nothing := func() {}
	argv := strings.Fields(pager(getenv))
	if !s.OutTerminal || !s.InTerminal || getenv("TERM") == "dumb" || len(argv) == 0 || argv[0] == "cat" {
		return nothing
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = s.Out, s.Err
	if getenv("LESS") == "" {
		cmd.Env = append(os.Environ(), "LESS=FRX")
	}
	in, err := cmd.StdinPipe()
	if err != nil || cmd.Start() != nil {
		return nothing
	}
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt) // it is for the pager, which stays
	terminal := s.Out
	s.Out = in
	return func() {
		s.Out = terminal
		_ = in.Close()
		_ = cmd.Wait() // whatever the person did there
		signal.Stop(interrupts)
	}
}

func pager(getenv func(string) string) string {
	for _, name := range []string{"MESOSCTL_PAGER", "PAGER"} {
		if text := getenv(name); text != "" {
			return text
		}
	}
	return "less"
}
