package daemon

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

func TestVerbosityIsForAWhile(t *testing.T) {
	// covers: MasterAPITest.SetLoggingLevel
	// covers: AgentAPITest.SetLoggingLevel
	synctest.Test(t, func(t *testing.T) {
		v := NewVerbosity(slog.LevelWarn)
		wants := func(level uint32, logs slog.Level) {
			t.Helper()
			synctest.Wait()
			if v.Verbosity() != level || v.Level() != logs {
				t.Errorf("level %d logs from %v on, want %d and %v", v.Verbosity(), v.Level(), level, logs)
			}
		}
		wants(0, slog.LevelWarn)
		v.SetVerbosity(1, time.Minute)
		wants(1, slog.LevelDebug)
		time.Sleep(30 * time.Second)
		v.SetVerbosity(2, time.Minute) // which counts from now
		time.Sleep(59 * time.Second)
		wants(2, slog.LevelDebug)
		time.Sleep(time.Second)
		wants(0, slog.LevelWarn)
	})
}
