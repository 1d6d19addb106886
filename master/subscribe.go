package master

import (
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// subscribe opens a scheduler's event stream. A call that makes no sense is an
// HTTP error; a framework that is refused gets a stream with one ERROR event.
// https://mesos.apache.org/documentation/latest/scheduler-http-api/#subscribe-request
func (m *Master) subscribe(in Subscribe) {
	if err := validateCall(in.Call); err != nil {
		m.reply(in.Request, err)
		return
	}
	call := in.Call.GetSubscribe()
	info := call.GetFrameworkInfo()
	if err := adoptPrincipal(info, in.Principal); err != nil {
		m.reply(in.Request, err)
		return
	}
	if info.GetId().GetValue() == "" {
		info.Id = nil
		m.counters.registerFramework++
	} else {
		m.counters.reregisterFramework++
	}

	m.reply(in.Request, nil)
	if err := m.admitFramework(in.Stream, call); err != nil {
		m.log(LogWarn, "subscription refused", "name", info.GetName(), "framework", info.GetId().GetValue(), "error", err)
		m.emit(SendEvent{Stream: in.Stream, Event: errorEvent(err.Error())})
		m.emit(CloseStream{Stream: in.Stream})
	}
}

// adoptPrincipal checks the principal that a framework claims against the one
// that authenticated, and fills it in if it claims none.
func adoptPrincipal(info *mesospb.FrameworkInfo, principal string) error {
	switch {
	case principal == "":
		return nil
	case info.Principal == nil:
		info.Principal = new(principal)
		return nil
	case info.GetPrincipal() != principal:
		return mesos.Errorf(mesos.Invalid,
			"SUBSCRIBE: subscribe.framework_info.principal: %q is not %q, who authenticated", info.GetPrincipal(), principal)
	}
	return nil
}

// admitFramework subscribes a new framework, or one that is known or was before.
func (m *Master) admitFramework(stream StreamID, call *schedulerpb.Call_Subscribe) error {
	info := call.GetFrameworkInfo()
	if err := m.validateFramework(info); err != nil {
		return err
	}
	w, err := m.readWishes(info, call.GetSuppressedRoles(), call.GetOfferConstraints())
	if err != nil {
		return err
	}
	if err := m.mayRegister(info); err != nil {
		return err
	}
	if info.Id == nil {
		m.addNewFramework(stream, info, w)
		return nil
	}

	id := mesos.FrameworkID(info.GetId().GetValue())
	f := m.frameworks[id]
	if f == nil {
		f = m.recoverFramework(info)
	}
	// What can't be changed stays as it is; schedulers often get it wrong.
	info.User, info.Checkpoint = f.info.User, f.info.Checkpoint
	if err := validateFrameworkUpdate(f.info, info); err != nil {
		return err
	}
	f.counters.called(schedulerpb.Call_SUBSCRIBE)
	m.updateFramework(f, info, w)
	if f.state == frameworkRecovered {
		m.connectRecovered(f, stream)
	} else {
		m.failOver(f, stream)
	}
	return nil
}

// addNewFramework gives a framework its ID.
func (m *Master) addNewFramework(stream StreamID, info *mesospb.FrameworkInfo, w wishes) {
	info.Id = &mesospb.FrameworkID{Value: new(string(m.newFrameworkID()))}
	f := m.newFramework(info)
	f.wishes = w
	f.registered = m.timeInfo()
	f.active = true
	f.counters.called(schedulerpb.Call_SUBSCRIBE)
	m.addFramework(f)
	m.connect(f, stream)
	m.log(LogInfo, "framework subscribed", "framework", f.id, "name", info.GetName(), "roles", f.roles)
}

// connectRecovered connects a framework that this master knew from agents only.
func (m *Master) connectRecovered(f *framework, stream StreamID) {
	f.registered = m.timeInfo()
	f.reregistered = f.registered
	m.connect(f, stream)
	m.activate(f)
	m.log(LogInfo, "framework came back after a master failover", "framework", f.id, "name", f.info.GetName())
}

// failOver gives a known framework a new stream. If it still has one, whoever
// holds that is told and cut off: only one scheduler speaks for a framework.
func (m *Master) failOver(f *framework, stream StreamID) {
	f.reregistered = m.timeInfo()
	if f.connected() {
		m.send(f, errorEvent("Framework failed over"))
		m.emit(CloseStream{Stream: f.stream})
		m.forgetStream(f)
	}
	// The new scheduler knows nothing of the offers of the old one.
	for _, o := range offersInOrder(f.offers) {
		m.withdraw(o)
	}
	m.withdrawFrom(f, false)
	m.connect(f, stream)
	m.activate(f)
	m.log(LogInfo, "framework failed over", "framework", f.id, "name", f.info.GetName())
}

// updateFramework replaces what a framework said of itself. Offers to roles that
// it left are rescinded; agents that run something of it are told.
func (m *Master) updateFramework(f *framework, info *mesospb.FrameworkInfo, w wishes) {
	changed := !f.info.EqualVT(info)
	f.info = info
	f.roles = rolesOf(info)
	f.capabilities = capabilitiesOf(info)
	f.wishes = w
	m.allocate(allocation.UpdateFramework{Framework: f.allocation()})
	for _, o := range offersInOrder(f.offers) {
		if !f.hasRole(o.role) {
			m.rescind(o)
		}
	}
	m.touchFramework(f)
	if !changed {
		return
	}
	for _, id := range sortedKeys(f.holdings) {
		if a := f.holdings[id].agent; a.connected {
			m.sendAgent(a, updateFrameworkMessage(info))
		}
	}
}

// frameworkUpdate is the UPDATE_FRAMEWORK call. Unlike SUBSCRIBE it may not even
// mention other values of what can't be changed.
func (m *Master) frameworkUpdate(f *framework, call *schedulerpb.Call_UpdateFramework) error {
	info := call.GetFrameworkInfo()
	if err := m.validateFramework(info); err != nil {
		return err
	}
	if err := validateFrameworkUpdate(f.info, info); err != nil {
		return err
	}
	w, err := m.readWishes(info, call.GetSuppressedRoles(), call.GetOfferConstraints())
	if err != nil {
		return err
	}
	if err := m.mayRegister(info); err != nil {
		return err
	}
	m.updateFramework(f, info, w)
	return nil
}

// wishes is what a framework wants to be offered, beside its description.
type wishes struct {
	suppressed  []string // sorted, of its roles
	constraints *schedulerpb.OfferConstraints
	evaluated   map[string]allocation.Constraints // constraints by role
}

func (m *Master) readWishes(info *mesospb.FrameworkInfo, suppressed []string, constraints *schedulerpb.OfferConstraints) (w wishes, err error) {
	w.constraints = constraints
	if w.suppressed, err = suppressedRoles(info, suppressed); err != nil {
		return wishes{}, err
	}
	if w.evaluated, err = convert.OfferConstraints(constraints, rolesOf(info), m.config.RegexLimits); err != nil {
		return wishes{}, err
	}
	return w, nil
}

// suppressedRoles checks that a framework suppresses only roles it has.
func suppressedRoles(info *mesospb.FrameworkInfo, suppressed []string) ([]string, error) {
	if len(suppressed) == 0 {
		return nil, nil
	}
	roles := rolesOf(info)
	for _, role := range suppressed {
		if !slices.Contains(roles, role) {
			return nil, mesos.Errorf(mesos.Invalid, "suppressed_roles: %q is not one of the framework's roles", role)
		}
	}
	suppressed = slices.Clone(suppressed)
	slices.Sort(suppressed)
	return slices.Compact(suppressed), nil
}
