package master

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// mayOperate: whoever changes resources, a framework or an operator, needs the
// roles that they reserve for or make volumes of, and the principals whose
// reservations or volumes they take back. An operation that can't be read is
// nobody's to authorize: it is refused as invalid.
func (m *Master) mayOperate(principal string, o *mesospb.Offer_Operation) error {
	if m.config.ACLs == nil {
		return nil
	}
	q := question{m.config.ACLs, principal}
	switch o.GetType() {
	case mesospb.Offer_Operation_RESERVE:
		return q.reserve(o.GetReserve())
	case mesospb.Offer_Operation_UNRESERVE:
		return q.unreserve(read(o.GetUnreserve().GetResources()))
	case mesospb.Offer_Operation_CREATE:
		return q.mayFor(acl.CreateVolume, "create volumes of", read(o.GetCreate().GetVolumes()))
	case mesospb.Offer_Operation_DESTROY:
		return q.destroy(read(o.GetDestroy().GetVolumes()))
	case mesospb.Offer_Operation_GROW_VOLUME:
		return q.mayFor(acl.ResizeVolume, "resize volumes of", read([]*mesospb.Resource{o.GetGrowVolume().GetVolume()}))
	case mesospb.Offer_Operation_SHRINK_VOLUME:
		return q.mayFor(acl.ResizeVolume, "resize volumes of", read([]*mesospb.Resource{o.GetShrinkVolume().GetVolume()}))
	case mesospb.Offer_Operation_CREATE_DISK:
		action := acl.CreateMountDisk
		if o.GetCreateDisk().GetTargetType() == mesospb.Resource_DiskInfo_Source_BLOCK {
			action = acl.CreateBlockDisk
		}
		return q.mayFor(action, "create disks of", read([]*mesospb.Resource{o.GetCreateDisk().GetSource()}))
	case mesospb.Offer_Operation_DESTROY_DISK:
		source := o.GetDestroyDisk().GetSource()
		action := acl.DestroyRawDisk
		switch source.GetDisk().GetSource().GetType() {
		case mesospb.Resource_DiskInfo_Source_MOUNT:
			action = acl.DestroyMountDisk
		case mesospb.Resource_DiskInfo_Source_BLOCK:
			action = acl.DestroyBlockDisk
		}
		return q.mayFor(action, "destroy disks of", read([]*mesospb.Resource{source}))
	}
	return nil
}

// read is resources one by one; those that can't be read are left out.
func read(wire []*mesospb.Resource) (list []resources.Resource) {
	for _, one := range wire {
		if r, err := convert.Resource(one); err == nil {
			list = append(list, r)
		}
	}
	return list
}

// A question is what one principal may do to resources.
type question struct {
	acls      *acl.ACLs
	principal string
}

// reservedFor is what a resource counts as: the innermost role that it is reserved to.
func reservedFor(r resources.Resource) string {
	if r.IsReserved() {
		return r.ReservationRole()
	}
	return mesos.AnyRole
}

func (q question) mayFor(action acl.Action, what string, list []resources.Resource) error {
	for _, r := range list {
		if !q.acls.Allows(q.principal, action, reservedFor(r)) {
			return forbidden(q.principal, "%s role %s", what, reservedFor(r))
		}
	}
	return nil
}

// reserve asks for what a reservation adds and, if it replaces another, takes away.
func (q question) reserve(o *mesospb.Offer_Operation_Reserve) error {
	const what = "reserve resources for"
	source, target := read(o.GetSource()), read(o.GetResources())
	if len(source) == 0 || len(target) == 0 {
		return q.mayFor(acl.ReserveResources, what, target)
	}
	common := 0
	for common < min(len(source[0].Reservations), len(target[0].Reservations)) &&
		source[0].Reservations[common].Equal(target[0].Reservations[common]) {
		common++
	}
	for _, r := range source {
		for n := len(r.Reservations); n > common; n-- {
			r.Reservations = r.Reservations[:n]
			if err := q.unreserve([]resources.Resource{r}); err != nil {
				return err
			}
		}
	}
	for _, layer := range target[0].Reservations[common:] {
		if !q.acls.Allows(q.principal, acl.ReserveResources, layer.Role) {
			return forbidden(q.principal, "%s role %s", what, layer.Role)
		}
	}
	return nil
}

func (q question) unreserve(list []resources.Resource) error {
	for _, r := range list {
		reserver := ""
		if r.IsReserved() {
			reserver = r.Reservations[len(r.Reservations)-1].Principal
		}
		switch {
		case reserver == "" && !q.acls.AllowsAny(q.principal, acl.UnreserveResources):
			return forbidden(q.principal, "unreserve resources that were reserved without a principal")
		case reserver != "" && !q.acls.Allows(q.principal, acl.UnreserveResources, reserver):
			return forbidden(q.principal, "unreserve resources that principal %q reserved", reserver)
		}
	}
	return nil
}

func (q question) destroy(list []resources.Resource) error {
	volumes := false
	for _, r := range list {
		if !r.IsPersistentVolume() {
			continue
		}
		volumes = true
		if creator := r.Disk.Persistence.Principal; !q.acls.Allows(q.principal, acl.DestroyVolume, creator) {
			return forbidden(q.principal, "destroy volumes that principal %q created", creator)
		}
	}
	if !volumes && !q.acls.AllowsAny(q.principal, acl.DestroyVolume) {
		return forbidden(q.principal, "destroy volumes")
	}
	return nil
}
