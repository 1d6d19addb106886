//go:build !amd64 && !arm64

package supervise

import (
	"os"
	"syscall"
)

// tinyFile has no code for this architecture.
func tinyFile() (*os.File, error) { return nil, syscall.ENOSYS }

func (p *program) execTiny(int, string) *failure {
	return &failure{syscall.ENOSYS, "run the init process"}
}

func (p *program) spawnTiny(int) error { return syscall.ENOSYS }
