package overview

import (
	"strconv"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/cluster"
	"github.com/mesosctl/mesosctl/tui/component"
	"github.com/mesosctl/mesosctl/tui/text"
)

// resource is one kind of resource of the whole cluster.
type resource struct {
	name                       string
	used, offered, free, total mesos.Scalar
	show                       func(mesos.Scalar) string
	history                    *cluster.Series
}

func (r resource) share(of mesos.Scalar) float64 {
	if r.total <= 0 {
		return 0
	}
	return float64(of) / float64(r.total)
}

// resources are those that the cluster has; gpus only if there are any.
func (o *overview) resources() []resource {
	c := o.deps.Cluster()
	total, used := c.Total(), c.Used()
	offered := cluster.Amounts{}
	if told := c.Offered(); told != nil {
		offered = *told
	}
	h := &c.History
	list := []resource{
		{"cpus", used.CPUs, offered.CPUs, 0, total.CPUs, text.Number, &h.CPUs},
		{"mem", used.Mem, offered.Mem, 0, total.Mem, text.Memory, &h.Mem},
		{"disk", used.Disk, offered.Disk, 0, total.Disk, text.Memory, &h.Disk},
	}
	if total.GPUs > 0 {
		list = append(list, resource{"gpus", used.GPUs, offered.GPUs, 0, total.GPUs, text.Number, &h.GPUs})
	}
	for i, r := range list {
		list[i].offered = min(r.offered, max(r.total-r.used, 0))
		list[i].free = max(r.total-r.used-list[i].offered, 0)
	}
	return list
}

// masters says who leads and who stands by, as short as can be.
func (o *overview) masters() string {
	p := &o.deps.Cluster().Polled
	s := ""
	if !p.Elected.IsZero() {
		s = "leading for " + text.Since(p.Elected, o.deps.Now())
	}
	standby, away := 0, 0
	for _, m := range p.Masters {
		switch m.State {
		case "standby":
			standby++
		case "unreachable":
			away++
		}
	}
	if standby > 0 {
		s += ", " + strconv.Itoa(standby) + " standing by"
	}
	if away > 0 {
		s += ", " + strconv.Itoa(away) + " unreachable"
	}
	return s
}

// bars are the resources as a line each, in a box.
func (o *overview) bars(width int) []string {
	s := o.deps.Style()
	list := o.resources()
	inner := width - 4
	spark, figure := min(max(inner/5, 8), 40), 7
	if width >= wide {
		figure = 10
	}
	bar := inner - spark - 5 - 5 - 4*(figure+2)
	lines := make([]string, 0, len(list)+1)
	for _, r := range list {
		amount := func(v mesos.Scalar) string { return text.Right(r.show(v), figure) }
		lines = append(lines, text.Left(r.name, 5)+component.Bar(s, bar, r.share(r.used), r.share(r.offered))+
			text.Right(text.Percent(r.share(r.used)), 5)+
			"  "+s.Draw(&s.Used, amount(r.used))+"  "+s.Draw(&s.Offered, amount(r.offered))+"  "+amount(r.free)+"  "+
			s.Draw(&s.Dim, amount(r.total))+" "+s.Draw(&s.Used, component.Spark(r.history.Last(spark-1), spark-1, 1)))
	}
	head := s.Draw(&s.Header, text.Left("", 5+max(bar, 0)+5)+"  "+text.Right("used", figure)+"  "+text.Right("offered", figure)+"  "+
		text.Right("free", figure)+"  "+text.Right("total", figure)+" "+text.Right(history(spark-1), spark-1))
	return component.Box(s, "resources", o.masters(), width, len(list)+3, append([]string{head}, lines...))
}

// history is a title for a graph of so many seconds.
func history(seconds int) string { return "last " + strconv.Itoa(seconds) + "s" }

// graphs are the resources as a box each, with their histories.
func (o *overview) graphs(width, height int) []string {
	s := o.deps.Style()
	list := o.resources()
	columns := len(list)
	if width < 38*columns {
		columns = (columns + 1) / 2
		height = max(height*3/5, 6)
	}
	var lines []string
	for len(list) > 0 {
		n := min(columns, len(list))
		var blocks [][]string
		for i, r := range list[:n] {
			w := width/n*(i+1) - width/n*i
			if i == n-1 {
				w = width - width/n*(n-1)
			}
			blocks = append(blocks, o.graph(r, w, height))
		}
		list = list[n:]
		lines = append(lines, component.Beside(blocks...)...)
	}
	if note := o.masters(); note != "" {
		lines = append(lines, s.Draw(&s.Dim, text.Left("  "+note, width)))
	}
	return lines
}

func (o *overview) graph(r resource, width, height int) []string {
	s := o.deps.Style()
	inner := width - 4
	percent := text.Right(text.Percent(r.share(r.used)), 5)
	lines := []string{component.Bar(s, inner-5, r.share(r.used), r.share(r.offered)) + s.Draw(&s.Strong, percent)}
	figure := func(what string, v mesos.Scalar) string { return what + " " + r.show(v) }
	lines = append(lines, s.Draw(&s.Used, figure("used", r.used))+"  "+s.Draw(&s.Offered, figure("offered", r.offered))+"  "+
		figure("free", r.free))
	for _, line := range component.Graph(r.history.Last(inner), inner, max(height-4, 1), 1) {
		lines = append(lines, s.Draw(&s.Used, line))
	}
	return component.Box(s, r.name, "of "+r.show(r.total), width, height, lines)
}
