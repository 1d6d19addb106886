//go:build !linux

package bench

import "context"

// taskMemory measures nothing where processes don't tell what they share.
func taskMemory(context.Context, Options) ([]Row, error) { return nil, nil }
