package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// PutOperation shows an operation on an agent's resources.
func (v *MasterView) PutOperation(o *mesospb.Operation) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.operations.put(string(o.GetUuid().GetValue()), current, o)
}

// DropOperation removes an operation by its uuid.
func (v *MasterView) DropOperation(uuid string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.operations.drop(uuid)
}

// operationList is the operations in the order in which they came.
func (v *MasterView) operationList() []*mesospb.Operation {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.operations.all(current)
}

// getOperations is those operations that a reader may see.
func (m *Master) getOperations(ctx context.Context) *masterpb.Response_GetOperations {
	s := m.sightOf(ctx)
	return &masterpb.Response_GetOperations{
		Operations: slices.DeleteFunc(m.View.operationList(), func(o *mesospb.Operation) bool { return !s.operation(o) }),
	}
}

// operation reports whether a reader may see all resources that an operation
// converts.
func (s sight) operation(o *mesospb.Operation) bool {
	if s.acls == nil {
		return true
	}
	conversions, err := convert.Conversions(o.GetInfo())
	return err == nil && !slices.ContainsFunc(conversions, func(c resources.Conversion) bool {
		return slices.ContainsFunc(convert.ToWire(c.Consumed), func(r *mesospb.Resource) bool { return !s.resource(r) })
	})
}

// accepted answers 202 without a body: an agent is still to do what was asked for.
func accepted(w http.ResponseWriter, _ *http.Request, _ wire.MediaType) {
	w.WriteHeader(http.StatusAccepted)
}

// changeResources answers the calls that change the resources of an agent; nil
// for others.
// https://mesos.apache.org/documentation/latest/operator-http-api/#reserve_resources
func (m *Master) changeResources(ctx context.Context, call *masterpb.Call) (answerer, error) {
	agent, operation := operationOf(call)
	if operation == nil {
		return nil, nil
	}
	if agent == nil {
		name := call.GetType().String()
		return nil, missing(name, strings.ToLower(name)+".agent_id")
	}
	return accepted, m.Operator.Operate(ctx, principalOf(ctx), agent.GetValue(), operation)
}

// operationOf is the operation that an operator's call asks for, nil if none, and
// the agent, nil if none is named.
func operationOf(call *masterpb.Call) (*mesospb.AgentID, *mesospb.Offer_Operation) {
	switch call.GetType() {
	case masterpb.Call_RESERVE_RESOURCES:
		c := call.GetReserveResources()
		return c.GetAgentId(), reserveOf(c.GetSource(), c.GetResources())
	case masterpb.Call_UNRESERVE_RESOURCES:
		return call.GetUnreserveResources().GetAgentId(), unreserveOf(call.GetUnreserveResources().GetResources())
	case masterpb.Call_CREATE_VOLUMES:
		return call.GetCreateVolumes().GetAgentId(), createOf(call.GetCreateVolumes().GetVolumes())
	case masterpb.Call_DESTROY_VOLUMES:
		return call.GetDestroyVolumes().GetAgentId(), destroyOf(call.GetDestroyVolumes().GetVolumes())
	case masterpb.Call_GROW_VOLUME:
		c := call.GetGrowVolume()
		return c.GetAgentId(), &mesospb.Offer_Operation{
			Type:       mesospb.Offer_Operation_GROW_VOLUME.Enum(),
			GrowVolume: &mesospb.Offer_Operation_GrowVolume{Volume: c.GetVolume(), Addition: c.GetAddition()},
		}
	case masterpb.Call_SHRINK_VOLUME:
		c := call.GetShrinkVolume()
		return c.GetAgentId(), &mesospb.Offer_Operation{
			Type:         mesospb.Offer_Operation_SHRINK_VOLUME.Enum(),
			ShrinkVolume: &mesospb.Offer_Operation_ShrinkVolume{Volume: c.GetVolume(), Subtract: c.GetSubtract()},
		}
	}
	return nil, nil
}

func reserveOf(source, reserved []*mesospb.Resource) *mesospb.Offer_Operation {
	return &mesospb.Offer_Operation{
		Type:    mesospb.Offer_Operation_RESERVE.Enum(),
		Reserve: &mesospb.Offer_Operation_Reserve{Source: source, Resources: reserved},
	}
}

func unreserveOf(reserved []*mesospb.Resource) *mesospb.Offer_Operation {
	return &mesospb.Offer_Operation{
		Type:      mesospb.Offer_Operation_UNRESERVE.Enum(),
		Unreserve: &mesospb.Offer_Operation_Unreserve{Resources: reserved},
	}
}

func createOf(volumes []*mesospb.Resource) *mesospb.Offer_Operation {
	return &mesospb.Offer_Operation{
		Type: mesospb.Offer_Operation_CREATE.Enum(), Create: &mesospb.Offer_Operation_Create{Volumes: volumes},
	}
}

func destroyOf(volumes []*mesospb.Resource) *mesospb.Offer_Operation {
	return &mesospb.Offer_Operation{
		Type: mesospb.Offer_Operation_DESTROY.Enum(), Destroy: &mesospb.Offer_Operation_Destroy{Volumes: volumes},
	}
}

// operationRoutes serves the calls that change resources in their older form:
// POST with slaveId and a JSON array of resources, as a form has them.
// https://mesos.apache.org/documentation/latest/endpoints/master/reserve/
func (m *Master) operationRoutes(handle func(pattern string, h http.HandlerFunc)) {
	for path, read := range map[string]func(url.Values) (*mesospb.Offer_Operation, error){
		"/reserve": func(form url.Values) (*mesospb.Offer_Operation, error) {
			reserved, err := resourcesIn(form, "resources")
			if err != nil || !form.Has("source") {
				return reserveOf(nil, reserved), err
			}
			source, err := resourcesIn(form, "source")
			return reserveOf(source, reserved), err
		},
		"/unreserve": func(form url.Values) (*mesospb.Offer_Operation, error) {
			reserved, err := resourcesIn(form, "resources")
			return unreserveOf(reserved), err
		},
		"/create-volumes": func(form url.Values) (*mesospb.Offer_Operation, error) {
			volumes, err := resourcesIn(form, "volumes")
			return createOf(volumes), err
		},
		"/destroy-volumes": func(form url.Values) (*mesospb.Offer_Operation, error) {
			volumes, err := resourcesIn(form, "volumes")
			return destroyOf(volumes), err
		},
	} {
		handle(path, func(w http.ResponseWriter, r *http.Request) {
			if !allow(w, r, http.MethodPost) {
				return
			}
			if err := m.operateByForm(w, r, read); err != nil {
				refuse(w, err)
				return
			}
			w.WriteHeader(http.StatusAccepted)
		})
	}
}

func (m *Master) operateByForm(w http.ResponseWriter, r *http.Request, read func(url.Values) (*mesospb.Offer_Operation, error)) error {
	form, err := readForm(w, r)
	if err != nil {
		return err
	}
	if !form.Has("slaveId") {
		return mesos.Errorf(mesos.Invalid, "slaveId is missing in the request's body")
	}
	operation, err := read(form)
	if err != nil {
		return err
	}
	return m.Operator.Operate(r.Context(), principalOf(r.Context()), form.Get("slaveId"), operation)
}

// resourcesIn reads a form's JSON array of resources.
func resourcesIn(form url.Values, name string) ([]*mesospb.Resource, error) {
	if !form.Has(name) {
		return nil, mesos.Errorf(mesos.Invalid, "%s is missing in the request's body", name)
	}
	var list []json.RawMessage
	if err := json.Unmarshal([]byte(form.Get(name)), &list); err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "%s in the request's body: it is not a JSON array: %w", name, err)
	}
	result := make([]*mesospb.Resource, len(list))
	for i, text := range list {
		result[i] = new(mesospb.Resource)
		if err := wire.UnmarshalJSON(text, result[i]); err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "%s in the request's body: entry %d: %w", name, i, err)
		}
	}
	return result, nil
}
