package exec

import "github.com/mesosctl/mesosctl/wire/mesospb"

// Ended is the exit code of a task that has ended with a status; an error if the task
// has none, which says how it ended.
func Ended(status *mesospb.TaskStatus) (code int, err error) {
	result := outcome(status)
	return result.Code, result.Err
}
