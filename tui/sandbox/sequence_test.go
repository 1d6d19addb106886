package sandbox

import (
	"reflect"

	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/mesos"
)

var notFound = mesos.Errorf(mesos.NotFound, "no such file")

// sequence is the commands that tea.Sequence has put into a message of its own.
func sequence(msg tea.Msg) []tea.Cmd {
	v := reflect.ValueOf(msg)
	if v.Kind() != reflect.Slice {
		return []tea.Cmd{func() tea.Msg { return msg }}
	}
	var cmds []tea.Cmd
	for i := range v.Len() {
		cmds = append(cmds, v.Index(i).Interface().(tea.Cmd))
	}
	return cmds
}
