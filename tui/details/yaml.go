package details

import (
	"context"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/component/pane"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/style"
	"github.com/mesosctl/mesosctl/wire"
)

// YAML is a page that shows a thing as the API has it.
func YAML(deps *page.Deps, ref page.Ref) *Text {
	return newText(deps, "yaml "+name(deps.Cluster(), ref), ref.ID+".yaml", func() func(context.Context) ([]string, error) {
		m, st := message(deps.Cluster(), ref), deps.Style()
		return func(context.Context) ([]string, error) {
			if m == nil {
				return nil, mesos.Errorf(mesos.NotFound, "there is no %s %s any more", ref.Kind, ref.ID)
			}
			return yamlOf(m, st)
		}
	})
}

func yamlOf(m wire.Message, st *style.Style) ([]string, error) {
	data, err := wire.MarshalJSON(m)
	if err == nil {
		data, err = yaml.JSONToYAML(data)
	}
	if err != nil {
		return nil, mesos.Errorf(mesos.Internal, "yaml: %w", err)
	}
	lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	for i, line := range lines {
		lines[i] = inked(pane.Sanitize([]byte(line)), st)
	}
	return lines, nil
}

// inked gives the key of a line its colour.
func inked(line string, st *style.Style) string {
	body := strings.TrimLeft(line, " -")
	indent := line[:len(line)-len(body)]
	at := strings.Index(body, ":")
	if at <= 0 || at+1 < len(body) && body[at+1] != ' ' || strings.ContainsAny(body[:at], " \"'{[") {
		return line
	}
	return indent + st.Title.UnsetBold().Render(body[:at]) + st.Dim.Render(":") + body[at+1:]
}
