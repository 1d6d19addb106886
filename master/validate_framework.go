package master

import (
	"math"
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// validateFramework checks what a framework says of itself.
func (m *Master) validateFramework(info *mesospb.FrameworkInfo) error {
	for _, check := range []func(*mesospb.FrameworkInfo) error{
		validateFrameworkRoles, validateFrameworkID, validateOfferFilters, validateFailoverTimeout,
		m.checkRoleWhitelist, m.checkRootSubmission, m.checkNotCompleted,
	} {
		if err := check(info); err != nil {
			return err
		}
	}
	return nil
}

// validateFrameworkRoles: a MULTI_ROLE framework names its roles in roles, any
// other its one role in role.
// https://mesos.apache.org/documentation/latest/multiple-roles/
func validateFrameworkRoles(info *mesospb.FrameworkInfo) error {
	if capabilitiesOf(info)&allocation.MultiRole == 0 {
		if len(info.GetRoles()) > 0 {
			return mesos.Errorf(mesos.Invalid, "framework_info.roles: only a framework with the MULTI_ROLE capability may set it")
		}
		if err := mesos.ValidateRole(info.GetRole()); err != nil {
			return mesos.Errorf(mesos.Invalid, "framework_info.role: %w", err)
		}
		return nil
	}
	if info.Role != nil {
		return mesos.Errorf(mesos.Invalid, "framework_info.role: a framework with the MULTI_ROLE capability must use roles instead")
	}
	seen := make(map[string]bool, len(info.GetRoles()))
	for _, role := range info.GetRoles() {
		if seen[role] {
			return mesos.Errorf(mesos.Invalid, "framework_info.roles: %q is there twice", role)
		}
		seen[role] = true
		if err := mesos.ValidateRole(role); err != nil {
			return mesos.Errorf(mesos.Invalid, "framework_info.roles: %w", err)
		}
	}
	return nil
}

func validateFrameworkID(info *mesospb.FrameworkInfo) error {
	if info.GetId().GetValue() == "" {
		return nil
	}
	if err := mesos.ValidateID(info.GetId().GetValue()); err != nil {
		return mesos.Errorf(mesos.Invalid, "framework_info.id: %w", err)
	}
	return nil
}

// validateOfferFilters checks the minimum of resources that offers must have.
func validateOfferFilters(info *mesospb.FrameworkInfo) error {
	for _, role := range sortedKeys(info.GetOfferFilters()) {
		for _, wanted := range info.GetOfferFilters()[role].GetMinAllocatableResources().GetQuantities() {
			if len(wanted.GetQuantities()) == 0 {
				return mesos.Errorf(mesos.Invalid,
					"framework_info.offer_filters[%q].min_allocatable_resources: quantities that name no resource", role)
			}
			for _, name := range sortedKeys(wanted.GetQuantities()) {
				if amount := wanted.GetQuantities()[name].GetValue(); !(amount >= 0) || math.IsInf(amount, 0) {
					return mesos.Errorf(mesos.Invalid,
						"framework_info.offer_filters[%q].min_allocatable_resources: %s: %v is not an amount", role, name, amount)
				}
			}
		}
	}
	return nil
}

func validateFailoverTimeout(info *mesospb.FrameworkInfo) error {
	if _, err := secondsDuration(info.GetFailoverTimeout()); err != nil {
		return mesos.Errorf(mesos.Invalid, "framework_info.failover_timeout: %w", err)
	}
	return nil
}

// secondsDuration is a number of seconds, which may be beyond what a Duration holds.
func secondsDuration(seconds float64) (time.Duration, error) {
	if !(math.Abs(seconds) < math.MaxInt64/float64(time.Second)) {
		return 0, mesos.Errorf(mesos.Invalid, "%v seconds is not a duration", seconds)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

func (m *Master) checkRoleWhitelist(info *mesospb.FrameworkInfo) error {
	if m.config.Roles == nil {
		return nil
	}
	for _, role := range rolesOf(info) {
		if !m.config.Roles[role] {
			return mesos.Errorf(mesos.Invalid, "framework_info: role %q is not in the master's --roles", role)
		}
	}
	return nil
}

func (m *Master) checkRootSubmission(info *mesospb.FrameworkInfo) error {
	if info.GetUser() == "root" && !m.config.RootSubmissions {
		return mesos.Errorf(mesos.Invalid, "framework_info.user: root may not run frameworks: the master has --root_submissions=false")
	}
	return nil
}

// checkNotCompleted: a framework that was removed may not come back.
func (m *Master) checkNotCompleted(info *mesospb.FrameworkInfo) error {
	if m.completed.byID[mesos.FrameworkID(info.GetId().GetValue())] != nil {
		return mesos.Errorf(mesos.Invalid, "Framework has been removed")
	}
	return nil
}

// validateFrameworkUpdate checks that a framework does not change what it may
// not. The old principal is nobody's business.
func validateFrameworkUpdate(old, info *mesospb.FrameworkInfo) error {
	switch {
	case (old.Principal == nil) != (info.Principal == nil), old.GetPrincipal() != info.GetPrincipal():
		return mesos.Errorf(mesos.Invalid, "framework_info.principal: it can't be changed")
	case old.GetUser() != info.GetUser():
		return mesos.Errorf(mesos.Invalid, "framework_info.user: it can't be changed from %q to %q", old.GetUser(), info.GetUser())
	case old.GetCheckpoint() != info.GetCheckpoint():
		return mesos.Errorf(mesos.Invalid, "framework_info.checkpoint: it can't be changed from %v to %v",
			old.GetCheckpoint(), info.GetCheckpoint())
	}
	return nil
}

// rolesOf are a framework's roles, sorted.
func rolesOf(info *mesospb.FrameworkInfo) []string {
	if capabilitiesOf(info)&allocation.MultiRole == 0 {
		return []string{info.GetRole()}
	}
	roles := slices.Clone(info.GetRoles())
	slices.Sort(roles)
	return roles
}

// capabilitiesOf are the capabilities of a framework that decide what it is
// offered and told.
func capabilitiesOf(info *mesospb.FrameworkInfo) allocation.Capability {
	return convert.FrameworkCapabilities(info.GetCapabilities())
}

// minAllocatable is the minimum of resources in a framework's offers, by role.
func minAllocatable(info *mesospb.FrameworkInfo) map[string][]resources.Quantities {
	var min map[string][]resources.Quantities
	for role, filters := range info.GetOfferFilters() {
		if filters.GetMinAllocatableResources() == nil {
			continue
		}
		if min == nil {
			min = make(map[string][]resources.Quantities)
		}
		min[role] = []resources.Quantities{}
		for _, wanted := range filters.GetMinAllocatableResources().GetQuantities() {
			var list []resources.Quantity
			for _, name := range sortedKeys(wanted.GetQuantities()) {
				list = append(list, resources.Quantity{
					Name:   name,
					Amount: resources.Scalar(math.Round(wanted.GetQuantities()[name].GetValue() * 1000)),
				})
			}
			min[role] = append(min[role], resources.NewQuantities(list...))
		}
	}
	return min
}
