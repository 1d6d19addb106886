package registry

import (
	"context"
	"log/slog"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// newZapLogger returns a logger for etcd that hands warnings and errors to to.
// A nil logger discards everything. What is fatal ends the process, but panics
// while the member is being started.
func newZapLogger(to *slog.Logger) (*zap.Logger, *starting) {
	during := new(starting)
	core := zapcore.NewNopCore()
	if to != nil {
		core = &slogCore{to: to.With("part", "etcd")}
	}
	return zap.New(core, zap.WithFatalHook(terminal{during, zapcore.WriteThenFatal}),
		zap.WithPanicHook(terminal{during, zapcore.WriteThenPanic})), during
}

// harmless are the beginnings of what etcd warns about at every start and stop
// of a healthy member.
var harmless = []string{
	"Running http and grpc server on single port",
	"simple token is not cryptographically signed",
	"'initial-corrupt-check'",
	"unable to set a member local address",
	"failed to publish local member to cluster through raft", // it was stopped first
	"stopped publish because server is stopped",
	"server has stopped",
	"stopping insecure grpc server",
	"accept tcp",
	"stopped expvar",
	"raft server already stopped",
	"Failed to detect schema version", // before the first entry is applied; tried again
	"failed to update storage version",
	"exceeded recommended request limit",
	"failed to apply request",       // it is answered with the error
	"failed to get version",         // of a member that is down, which is said already
	"failed to reach the peer URL",  // as above
	"lost TCP streaming connection", // as above
}

// slogCore is a zap core that writes to log/slog.
type slogCore struct {
	to *slog.Logger
}

func (c *slogCore) Enabled(level zapcore.Level) bool {
	return level >= zapcore.WarnLevel && c.to.Enabled(context.Background(), slogLevel(level))
}

func (c *slogCore) With(fields []zapcore.Field) zapcore.Core {
	return &slogCore{to: c.to.With(attributes(fields)...)}
}

func (c *slogCore) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if !c.Enabled(entry.Level) {
		return checked
	}
	for _, message := range harmless {
		if strings.HasPrefix(entry.Message, message) {
			return checked
		}
	}
	return checked.AddCore(entry, c)
}

func (c *slogCore) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	c.to.Log(context.Background(), slogLevel(entry.Level), entry.Message, attributes(fields)...)
	return nil
}

func (c *slogCore) Sync() error { return nil }

func slogLevel(level zapcore.Level) slog.Level {
	if level >= zapcore.ErrorLevel {
		return slog.LevelError
	}
	return slog.LevelWarn
}

// attributes are zap's fields as slog's arguments, in order.
func attributes(fields []zapcore.Field) []any {
	args := make([]any, 0, 2*len(fields))
	for _, field := range fields {
		encoder := zapcore.NewMapObjectEncoder()
		field.AddTo(encoder)
		if value, ok := encoder.Fields[field.Key]; ok {
			args = append(args, field.Key, value)
		}
	}
	return args
}
