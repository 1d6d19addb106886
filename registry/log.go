package registry

import (
	"context"
	"log/slog"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// newZapLogger returns a logger for etcd that hands warnings and errors to to.
// A nil logger discards everything. What is fatal ends the process, but not while
// the member is being started. At fast ticks a late one means nothing.
func newZapLogger(to *slog.Logger, fast bool) (*zap.Logger, *life) {
	if to == nil {
		to = slog.New(slog.DiscardHandler)
	}
	told := &life{gaveUp: make(chan error, 1)}
	core := &slogCore{to: to.With("part", "etcd"), told: told, fast: fast}
	return zap.New(core, zap.WithFatalHook(terminal{told, zapcore.WriteThenFatal}),
		zap.WithPanicHook(terminal{told, zapcore.WriteThenPanic})), told
}

// removedMessage is what a member logs when the others have told it that it was removed.
const removedMessage = "data-dir used by this member must be removed"

// lateTick is what a member warns about when it was not scheduled in time.
const lateTick = "leader failed to send out heartbeat on time"

// campaignsLater is in what a member says that has not applied its own membership
// yet; it campaigns at its next tick.
const campaignsLater = " cannot campaign at term "

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
	"closed TCP streaming connection",
	"rejecting member", // it is answered with the error
	"Validation on configuration change failed",
	"failed to find remote peer in cluster",        // which is about to learn of it
	"setting up serving from embedded etcd failed", // it was stopped at once
}

// slogCore is a zap core that writes to log/slog.
type slogCore struct {
	to   *slog.Logger
	told *life
	fast bool
}

func (c *slogCore) Enabled(level zapcore.Level) bool {
	return level >= zapcore.WarnLevel
}

func (c *slogCore) With(fields []zapcore.Field) zapcore.Core {
	return &slogCore{to: c.to.With(attributes(fields)...), told: c.told, fast: c.fast}
}

func (c *slogCore) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if !c.Enabled(entry.Level) {
		return checked
	}
	if strings.HasPrefix(entry.Message, removedMessage) {
		c.told.removed.Store(true)
	}
	if c.fast && strings.HasPrefix(entry.Message, lateTick) {
		return checked
	}
	if strings.Contains(entry.Message, campaignsLater) {
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
