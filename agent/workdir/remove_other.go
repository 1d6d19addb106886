//go:build unix && !linux

package workdir

import (
	"context"
	"os"
)

func remove(_ context.Context, root *os.Root, _, dir string) error { return root.RemoveAll(dir) }
