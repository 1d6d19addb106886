package mesos

// TaskState is the state of a task; the numbers are the wire's.
// See https://mesos.apache.org/documentation/latest/task-state-reasons/.
type TaskState int32

const (
	TaskStarting       TaskState = 0
	TaskRunning        TaskState = 1
	TaskFinished       TaskState = 2
	TaskFailed         TaskState = 3
	TaskKilled         TaskState = 4
	TaskLost           TaskState = 5
	TaskStaging        TaskState = 6
	TaskError          TaskState = 7
	TaskKilling        TaskState = 8
	TaskDropped        TaskState = 9
	TaskUnreachable    TaskState = 10
	TaskGone           TaskState = 11
	TaskGoneByOperator TaskState = 12
	TaskUnknown        TaskState = 13
)

// taskStates is the table: the wire's name, whether a task ever leaves the
// state, and whether a framework must be PARTITION_AWARE to be told of it
// (the others are told TASK_LOST).
var taskStates = [...]struct {
	name           string
	terminal       bool
	partitionAware bool
}{
	TaskStarting:       {"TASK_STARTING", false, false},
	TaskRunning:        {"TASK_RUNNING", false, false},
	TaskFinished:       {"TASK_FINISHED", true, false},
	TaskFailed:         {"TASK_FAILED", true, false},
	TaskKilled:         {"TASK_KILLED", true, false},
	TaskLost:           {"TASK_LOST", true, false},
	TaskStaging:        {"TASK_STAGING", false, false},
	TaskError:          {"TASK_ERROR", true, false},
	TaskKilling:        {"TASK_KILLING", false, false},
	TaskDropped:        {"TASK_DROPPED", true, true},
	TaskUnreachable:    {"TASK_UNREACHABLE", false, true},
	TaskGone:           {"TASK_GONE", true, true},
	TaskGoneByOperator: {"TASK_GONE_BY_OPERATOR", true, true},
	TaskUnknown:        {"TASK_UNKNOWN", false, true},
}

// Valid reports whether s is a state of the table.
func (s TaskState) Valid() bool { return s >= 0 && int(s) < len(taskStates) }

// String is the wire's name, such as "TASK_RUNNING".
func (s TaskState) String() string {
	if !s.Valid() {
		return "TASK_STATE_INVALID"
	}
	return taskStates[s].name
}

// Terminal reports whether a task in s has released its resources for good.
func (s TaskState) Terminal() bool { return s.Valid() && taskStates[s].terminal }

// For returns the state to tell a framework: s itself, or TASK_LOST if s is
// one that only a PARTITION_AWARE framework understands and this one isn't.
func (s TaskState) For(partitionAware bool) TaskState {
	if s.Valid() && taskStates[s].partitionAware && !partitionAware {
		return TaskLost
	}
	return s
}
