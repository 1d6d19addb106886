package bench

import (
	"context"
	"fmt"
	"runtime"

	"github.com/mesosctl/mesosctl/wire"
)

// Memory measures what things take while they are there.
func Memory(ctx context.Context, opts Options) ([]Row, error) {
	rows, err := taskMemory(ctx, opts)
	if err != nil {
		return rows, err
	}
	row, err := masterMemory(ctx, opts)
	if err != nil {
		return rows, err
	}
	return append(rows, row), nil
}

// masterMemory measures the heap of a master that knows a large cluster, and has
// shown it once.
func masterMemory(ctx context.Context, opts Options) (Row, error) {
	l, usual := large(opts)
	master, f, err := l.hold(ctx)
	if err != nil {
		return Row{}, err
	}
	defer master.stop()
	defer f.disconnect()
	before := heap()
	if err := f.again(ctx); err != nil {
		return Row{}, err
	}
	learned := heap() - before
	if _, err := fetch(ctx, master.address(), "/state", "", wire.JSON.String()); err != nil {
		return Row{}, err
	}
	row := Row{
		Name: "memory", Work: "master that knows a large cluster",
		Setting: fmt.Sprintf("%s; heap in use once /state was read, %d MB before that", l, learned>>20),
		Value:   float64(max(0, heap()-before)) / 1e9, Unit: "GB", Better: "less",
	}
	if usual {
		row.Goal = 1
	}
	runtime.KeepAlive(f)
	return row, nil
}
