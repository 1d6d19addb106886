package cluster

import (
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/maintenancepb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
)

// Polled is what the stream doesn't tell, as it was last asked for. A new answer
// is a new slice or message; nobody changes an old one.
type Polled struct {
	Leader      *mesospb.MasterInfo
	Elected     time.Time
	Started     time.Time
	Roles       []*mesospb.Role
	Quotas      []*quotapb.QuotaConfig
	Weights     []*mesospb.WeightInfo
	Schedule    *maintenancepb.Schedule
	Maintenance *maintenancepb.ClusterStatus
	Operations  []*mesospb.Operation
	Offers      []*mesospb.Offer
	Metrics     map[string]float64
	Masters     []Master
	// At is when each of them was answered last.
	At map[masterpb.Response_Type]time.Time
}

// Master is one of the masters.
type Master struct {
	Address, State, ID, Version, Note string
	Leads                             bool
}

// Answer takes the answer to a call that was asked again and again.
func (c *Cluster) Answer(r *masterpb.Response, now time.Time) {
	p := &c.Polled
	switch r.GetType() {
	case masterpb.Response_GET_MASTER:
		p.Leader = r.GetGetMaster().GetMasterInfo()
		p.Elected, p.Started = seconds(r.GetGetMaster().GetElectedTime()), seconds(r.GetGetMaster().GetStartTime())
	case masterpb.Response_GET_METRICS:
		p.Metrics = make(map[string]float64, len(r.GetGetMetrics().GetMetrics()))
		for _, m := range r.GetGetMetrics().GetMetrics() {
			p.Metrics[m.GetName()] = m.GetValue()
		}
	case masterpb.Response_GET_ROLES:
		p.Roles = r.GetGetRoles().GetRoles()
	case masterpb.Response_GET_QUOTA:
		p.Quotas = quotas(r.GetGetQuota().GetStatus())
	case masterpb.Response_GET_WEIGHTS:
		p.Weights = r.GetGetWeights().GetWeightInfos()
	case masterpb.Response_GET_MAINTENANCE_SCHEDULE:
		p.Schedule = r.GetGetMaintenanceSchedule().GetSchedule()
	case masterpb.Response_GET_MAINTENANCE_STATUS:
		p.Maintenance = r.GetGetMaintenanceStatus().GetStatus()
	case masterpb.Response_GET_OPERATIONS:
		p.Operations = r.GetGetOperations().GetOperations()
	case masterpb.Response_GET_EXECUTORS:
		c.executorsAnswer(r.GetGetExecutors())
	case masterpb.Response_GET_FRAMEWORKS:
		c.frameworksAnswer(r.GetGetFrameworks().GetFrameworks())
	case masterpb.Response_GET_AGENTS:
		c.agentsAnswer(r.GetGetAgents().GetAgents())
	default:
		return
	}
	at := make(map[masterpb.Response_Type]time.Time, len(p.At)+1)
	for kind, when := range p.At {
		at[kind] = when
	}
	at[r.GetType()] = now
	p.At = at
}

// frameworksAnswer takes what the stream doesn't tell of frameworks: their offers.
func (c *Cluster) frameworksAnswer(list []*masterpb.Response_GetFrameworks_Framework) {
	var offers []*mesospb.Offer
	for _, m := range list {
		offers = append(offers, m.GetOffers()...)
		old := c.Frameworks.Get(m.GetFrameworkInfo().GetId().GetValue())
		offered := AmountsOf(m.GetOfferedResources())
		if old == nil || old.Offers == len(m.GetOffers()) && old.Offered == offered {
			continue
		}
		f := *old
		f.Offers, f.Offered = len(m.GetOffers()), offered
		c.Frameworks.put(&f)
	}
	c.Polled.Offers = offers
}

// agentsAnswer takes what the stream doesn't tell of agents: offers, drains and
// connections. Which agents there are is the stream's to tell.
func (c *Cluster) agentsAnswer(list []*masterpb.Response_GetAgents_Agent) {
	for _, m := range list {
		a := newAgent(m)
		old := c.Agents.Get(a.ID)
		if old == nil || old.Active == a.Active && old.Deactivated == a.Deactivated && old.Drain == a.Drain &&
			old.Offered == a.Offered && old.Total == a.Total && old.Attributes == a.Attributes && old.Version == a.Version {
			continue
		}
		c.putAgent(a)
	}
}

// quotas is the quotas of a master of any version: an older one knows guarantees
// only, which are limits.
func quotas(status *quotapb.QuotaStatus) []*quotapb.QuotaConfig {
	if len(status.GetConfigs()) > 0 || len(status.GetInfos()) == 0 {
		return status.GetConfigs()
	}
	var configs []*quotapb.QuotaConfig
	for _, info := range status.GetInfos() {
		amounts := map[string]*mesospb.Value_Scalar{}
		for _, r := range info.GetGuarantee() {
			amounts[r.GetName()] = r.GetScalar()
		}
		role := info.GetRole()
		configs = append(configs, &quotapb.QuotaConfig{Role: &role, Guarantees: amounts, Limits: amounts})
	}
	return configs
}

// offered is what is offered, by the allocator's metrics.
func (p *Polled) offered(used Amounts) *Amounts {
	if p.Metrics == nil {
		return nil
	}
	var out Amounts
	said := false
	for name, to := range map[string]struct{ to, used *mesos.Scalar }{
		"cpus": {&out.CPUs, &used.CPUs}, "mem": {&out.Mem, &used.Mem}, "disk": {&out.Disk, &used.Disk}, "gpus": {&out.GPUs, &used.GPUs},
	} {
		if held, ok := p.Metrics["allocator/mesos/resources/"+name+"/offered_or_allocated"]; ok {
			said = true
			*to.to = max(mesos.ScalarFromFloat(held)-*to.used, 0)
		}
	}
	if !said {
		return nil
	}
	return &out
}
