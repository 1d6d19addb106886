package agent

import "testing"

// When directories are removed is told in
// https://mesos.apache.org/documentation/latest/sandbox/#sandbox-lifecycle.

func TestADirectoryBeingRemovedKeepsNobodyWaiting(t *testing.T) {
	// covers: SlaveTest.LaunchTasksReorderUnscheduleGC
	s := scene(t, "run task=a executor=E", "started container=1 pid=1", "subscribe", "update task=a state=FINISHED uuid=101", "ack task=a uuid=101",
		"ended container=1 status=0")
	s.contains(s.do("disk-used part=1"), "remove slaves/M-S0/frameworks/F/executors/E\n", "remove slaves/M-S0/frameworks/F\n")
	s.contains(s.do("run tasks=b,c executor=E default group new=true", "run tasks=d executor=E default group new=false", "subscribe"),
		"launch container c2", "LAUNCH_GROUP b c", "LAUNCH_GROUP d")
	s.lacks(s.do("dir-removed path=slaves/M-S0/frameworks/F/executors/E", "dir-removed path=slaves/M-S0/frameworks/F", "disk-used part=1"), "remove")
}

func TestWhatComesBackIsKept(t *testing.T) {
	// covers: GarbageCollectorIntegrationTest.Unschedule
	s := scene(t, "run task=a executor=E checkpoint", "started container=1 pid=1", "subscribe", "update task=a state=FINISHED uuid=101", "ack task=a uuid=101",
		"ended container=1 status=0", "run task=b executor=E checkpoint")
	got := s.do("disk-used part=1")
	s.contains(got, "remove slaves/M-S0/frameworks/F/executors/E/runs/c1\n")
	s.lacks(got, "executors/E\n")
	s.lacks(got, "frameworks/F\n")
}

func TestAnAgentThatComesBackKeepsWhatItRuns(t *testing.T) {
	// covers: GarbageCollectorIntegrationTest.Restart
	// covers: GarbageCollectorIntegrationTest.ROOT_OrphanContainer
	s := scene(t, "run task=a executor=E checkpoint", "started container=1 pid=1", "subscribe", "restart", "start")
	for _, dir := range []string{
		"slaves/M-S0", "slaves/M-S0/frameworks/F", "slaves/M-S0/frameworks/F/executors/E", "slaves/M-S0/frameworks/F/executors/E/runs/c1",
		"slaves/M-S0/frameworks/F/executors/E/runs/c1/tasks/t", "slaves", "volumes/roles", "",
	} {
		s.lacks(s.do("leftover age=10000h path="+dir, "disk-used part=1", "tick"), "remove")
	}
	s.contains(s.do("leftover age=10000h path=slaves/M-S0/frameworks/F/executors/E/runs/c1/containers/nested", "tick"), "containers/nested")
	s.contains(s.do("leftover age=10000h path=slaves/M-S0/frameworks/orphan", "tick"), "remove slaves/M-S0/frameworks/orphan")
}

func TestAnEarlierAgentIsOverWhenAnotherTakesItsPlace(t *testing.T) {
	s := scene(t, "run task=a executor=E checkpoint")
	s.disk.do(Checkpoint{Path: "slaves/M-S7/slave.info", Value: []byte{}})
	s.show["garbage"] = true
	s.contains(s.do("restart", "start"), "retire slaves/M-S7\n")
	s.lacks(s.do("leftover age=10000h path=slaves/M-S7", "tick"), "remove") // it counts from now
	s.lacks(s.do("restart", "start"), "retire slaves/M-S7\n")
}

func TestOnlyWhatIsLaidOutAsByAnAgentIsRemoved(t *testing.T) {
	// covers: PathsTest.ParseExecutorRunPath
	s := scene(t)
	const run = "slaves/M-S0/frameworks/F/executors/E/runs/c1"
	s.contains(s.do("leftover age=10000h path="+run, "tick"), "remove "+run)
	for _, path := range []string{
		"other/slaves/M-S0", "slaves/M-S0/frameworks", "slaves/M-S0/frameworks/F/executors", "slaves/M-S0/frameworks/F/executors/E/runs",
		"notslaves/M-S0/notframeworks/F/notexecutors/E/notruns/C", "slaves/M-S0/notframeworks/F", "slaves/M-S0/frameworks/F/notexecutors/E",
		"slaves/M-S0/frameworks/F/executors/E/notruns/C",
	} {
		s.lacks(s.do("leftover age=10000h path="+path, "tick"), "remove")
	}
}
