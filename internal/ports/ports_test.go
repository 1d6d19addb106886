package ports

import (
	"net"
	"strconv"
	"testing"
)

func TestFree(t *testing.T) {
	free, err := Free("127.0.0.1", 50)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	from, to := ephemeral()
	for _, port := range free {
		if seen[port] {
			t.Errorf("port %d twice", port)
		}
		seen[port] = true
		if port >= from && port <= to && from > highest {
			t.Errorf("port %d is one that connections are given", port)
		}
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(free[0])))
	if err != nil {
		t.Fatalf("it is not free: %v", err)
	}
	l.Close()
	if _, err := Free("192.0.2.1", 1); err == nil {
		t.Error("ports of another machine are free")
	}
}
