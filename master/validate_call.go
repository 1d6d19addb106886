package master

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// uuidSize is the size of the uuid of a status update, in bytes.
const uuidSize = 16

// validateCall checks what can be checked of a scheduler's call without knowing
// who sends it: that what its type names is there.
func validateCall(call *schedulerpb.Call) error {
	if call == nil || call.Type == nil {
		return mesos.Errorf(mesos.Invalid, "call: type: missing, or one that this version does not know")
	}
	name := call.GetType().String()
	if _, known := schedulerpb.Call_Type_name[int32(call.GetType())]; !known || call.GetType() == schedulerpb.Call_UNKNOWN {
		return mesos.Errorf(mesos.Invalid, "call: type: %s is no call", name)
	}
	if field := missingField(call); field != "" {
		return mesos.Errorf(mesos.Invalid, "%s: %s: missing", name, field)
	}
	switch call.GetType() {
	case schedulerpb.Call_SUBSCRIBE:
		if call.GetFrameworkId().GetValue() != call.GetSubscribe().GetFrameworkInfo().GetId().GetValue() {
			return mesos.Errorf(mesos.Invalid, "%s: framework_id: differs from subscribe.framework_info.id", name)
		}
	case schedulerpb.Call_UPDATE_FRAMEWORK:
		if call.GetFrameworkId().GetValue() != call.GetUpdateFramework().GetFrameworkInfo().GetId().GetValue() {
			return mesos.Errorf(mesos.Invalid, "%s: framework_id: differs from update_framework.framework_info.id", name)
		}
	case schedulerpb.Call_ACKNOWLEDGE:
		if n := len(call.GetAcknowledge().GetUuid()); n != uuidSize {
			return mesos.Errorf(mesos.Invalid, "%s: acknowledge.uuid: %d bytes are not a UUID", name, n)
		}
	case schedulerpb.Call_ACKNOWLEDGE_OPERATION_STATUS:
		if n := len(call.GetAcknowledgeOperationStatus().GetUuid()); n != uuidSize {
			return mesos.Errorf(mesos.Invalid, "%s: acknowledge_operation_status.uuid: %d bytes are not a UUID", name, n)
		}
	}
	return nil
}

// missingField names the field that a call of its type must have and lacks.
func missingField(call *schedulerpb.Call) string {
	if call.GetType() != schedulerpb.Call_SUBSCRIBE && call.FrameworkId == nil {
		return "framework_id"
	}
	missing := func(present bool, field string) string {
		if present {
			return ""
		}
		return field
	}
	switch call.GetType() {
	case schedulerpb.Call_SUBSCRIBE:
		return missing(call.GetSubscribe().GetFrameworkInfo() != nil, "subscribe.framework_info")
	case schedulerpb.Call_ACCEPT:
		return missing(call.Accept != nil, "accept")
	case schedulerpb.Call_DECLINE:
		return missing(call.Decline != nil, "decline")
	case schedulerpb.Call_ACCEPT_INVERSE_OFFERS:
		return missing(call.AcceptInverseOffers != nil, "accept_inverse_offers")
	case schedulerpb.Call_DECLINE_INVERSE_OFFERS:
		return missing(call.DeclineInverseOffers != nil, "decline_inverse_offers")
	case schedulerpb.Call_KILL:
		return missing(call.Kill != nil, "kill")
	case schedulerpb.Call_SHUTDOWN:
		return missing(call.Shutdown != nil, "shutdown")
	case schedulerpb.Call_ACKNOWLEDGE:
		return missing(call.Acknowledge != nil, "acknowledge")
	case schedulerpb.Call_ACKNOWLEDGE_OPERATION_STATUS:
		return missing(call.AcknowledgeOperationStatus != nil, "acknowledge_operation_status")
	case schedulerpb.Call_RECONCILE:
		return missing(call.Reconcile != nil, "reconcile")
	case schedulerpb.Call_RECONCILE_OPERATIONS:
		return missing(call.ReconcileOperations != nil, "reconcile_operations")
	case schedulerpb.Call_MESSAGE:
		return missing(call.Message != nil, "message")
	case schedulerpb.Call_REQUEST:
		return missing(call.Request != nil, "request")
	case schedulerpb.Call_UPDATE_FRAMEWORK:
		return missing(call.GetUpdateFramework().GetFrameworkInfo() != nil, "update_framework.framework_info")
	default:
		return ""
	}
}
