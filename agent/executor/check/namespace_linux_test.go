package check

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// served is a TCP server on a port of the loopback device in a network of its own.
const served = `ip link set lo up && exec python3 -c '
import socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
print(s.getsockname()[1], flush=True)
sys.stdin.read()'`

func TestProbeFromWithinTheNetworkOfATask(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a network namespace takes root")
	}
	for _, tool := range []string{"ip", "python3"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	task := exec.Command("sh", "-c", served)
	task.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	task.Stderr = os.Stderr
	stdin, err := task.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := task.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := task.Start(); err != nil {
		t.Skipf("no network namespace: %v", err)
	}
	defer func() {
		stdin.Close()
		task.Wait()
	}()
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address, err := net.ResolveTCPAddr("tcp", "127.0.0.1:"+port[:len(port)-1])
	if err != nil {
		t.Fatal(err)
	}
	probe := Probe{Type: mesospb.CheckInfo_TCP, Port: uint32(address.Port), Timeout: 10 * time.Second}
	if got := Network(t.Context(), probe, task.Process.Pid); !got.Status.GetTcp().GetSucceeded() {
		t.Errorf("from within the task's network: %v", got)
	}
	if got := Network(t.Context(), probe, self); got.Status.GetTcp().GetSucceeded() {
		t.Errorf("from the agent's network: %v", got)
	}
}

func TestProbeOfATaskThatIsGoneSaysNothing(t *testing.T) {
	const nobody = 1 << 30
	for _, kind := range []mesospb.CheckInfo_Type{mesospb.CheckInfo_TCP, mesospb.CheckInfo_HTTP} {
		if got := Network(t.Context(), Probe{Type: kind, Scheme: "http", Port: 1, Timeout: time.Second}, nobody); got != (Result{}) {
			t.Errorf("%v: %v", kind, got)
		}
	}
}
