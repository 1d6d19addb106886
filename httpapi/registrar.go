package httpapi

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
	"github.com/mesosctl/mesosctl/wire/registrypb"
)

// RegistryContents is everything that the masters' registry holds at one moment.
type RegistryContents struct {
	Admitted    []*registrypb.AdmittedAgent
	Unreachable []*registrypb.UnreachableAgent
	Gone        []*registrypb.GoneAgent
	Weights     map[string]float64 // by role
	Quotas      []*quotapb.QuotaConfig
	Maintenance *registrypb.Maintenance // nil if none is planned
}

// registrarTimeout is how long the registry's keepers may take to tell it.
const registrarTimeout = 10 * time.Second

// registrarRoutes serves the registry under the names that it has in Mesos, of
// which one is in use and the other in the documentation.
// https://mesos.apache.org/documentation/latest/endpoints/registrar/registry/
func (m *Master) registrarRoutes(paths *mux) {
	if m.Registry == nil {
		return
	}
	for _, path := range []string{"/registrar(1)/registry", "/registrar(id)/registry"} {
		paths.handle(path, m.in(m.readonly, http.HandlerFunc(m.registrar)))
	}
}

// registrar serves the registry as JSON, from any master: with the field names of
// Mesos's, as far as there is something corresponding.
func (m *Master) registrar(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodGet, http.MethodHead) {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), registrarTimeout)
	defer cancel()
	contents, err := m.Registry(ctx)
	if err != nil {
		refuse(w, err)
		return
	}
	writeJSON(w, r, func(emit func([]byte)) {
		emit(append(appendRegistry([]byte("{"), m.Leadership.Leader(), &contents), '}'))
	})
}

func appendRegistry(dst []byte, leader *mesospb.MasterInfo, c *RegistryContents) []byte {
	if leader != nil {
		dst = append(appendMessage(append(appendKey(dst, "master"), '{'), "info", leader), '}')
	}
	dst = append(appendKey(dst, "slaves"), `{"slaves":[`...)
	for _, agent := range c.Admitted {
		dst = appendMessage(append(comma(dst), '{'), "info", agent.Info)
		dst = append(appendStanding(dst, agent.Standing), '}')
	}
	dst = append(appendKey(append(dst, "]}"...), "unreachable"), `{"slaves":[`...)
	for _, agent := range c.Unreachable {
		dst = appendMessage(append(comma(dst), '{'), "id", agent.Id)
		dst = appendMessage(dst, "timestamp", agent.Since)
		dst = append(appendStanding(dst, agent.Standing), '}')
	}
	dst = append(appendKey(append(dst, "]}"...), "gone"), `{"slaves":[`...)
	for _, agent := range c.Gone {
		dst = appendMessage(append(comma(dst), '{'), "id", agent.Id)
		dst = append(appendMessage(dst, "timestamp", agent.Since), '}')
	}
	dst = appendPlanned(append(dst, "]}"...), c.Maintenance)
	dst = appendMessages(dst, "quota_configs", c.Quotas)
	dst = append(appendKey(dst, "weights"), '[')
	for _, role := range slices.Sorted(maps.Keys(c.Weights)) {
		weight := c.Weights[role]
		dst = append(appendMessage(append(comma(dst), '{'), "info", &mesospb.WeightInfo{Role: &role, Weight: &weight}), '}')
	}
	return append(dst, ']')
}

func appendStanding(dst []byte, s *registrypb.Standing) []byte {
	if s == nil {
		return dst
	}
	if s.Drain != nil {
		dst = appendMessage(dst, "drain_info", s.Drain)
	}
	return appendBool(dst, "deactivated", s.GetDeactivated())
}

// appendPlanned appends the maintenance: the machines that are part of it, each
// with its mode, and the schedules, of which there is one at most.
func appendPlanned(dst []byte, planned *registrypb.Maintenance) []byte {
	dst = append(appendKey(dst, "machines"), `{"machines":[`...)
	for _, window := range planned.GetSchedule().GetWindows() {
		for _, id := range window.GetMachineIds() {
			mode := mesospb.MachineInfo_DRAINING
			if slices.ContainsFunc(planned.GetDown(), func(down *mesospb.MachineID) bool { return sameMachine(down, id) }) {
				mode = mesospb.MachineInfo_DOWN
			}
			info := &mesospb.MachineInfo{Id: id, Mode: &mode, Unavailability: window.Unavailability}
			dst = append(appendMessage(append(comma(dst), '{'), "info", info), '}')
		}
	}
	dst = append(appendKey(append(dst, "]}"...), "schedules"), '[')
	if planned != nil {
		dst = appendBare(dst, planned.Schedule)
	}
	return append(dst, ']')
}

func sameMachine(a, b *mesospb.MachineID) bool {
	return a.GetIp() == b.GetIp() && strings.EqualFold(a.GetHostname(), b.GetHostname())
}
