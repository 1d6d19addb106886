package master

import "testing"

func TestStoryCommandTask(t *testing.T) { story(t, "command_task") }
