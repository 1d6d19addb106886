package httpapi

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
)

// PutWeight shows the weight of a role.
func (v *MasterView) PutWeight(role string, weight float64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.weights == nil {
		v.weights = make(map[string]float64)
	}
	v.weights[role] = weight
}

// PutQuota shows the quota of a role; nil if it has none any more.
func (v *MasterView) PutQuota(role string, config *quotapb.QuotaConfig) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if config == nil {
		delete(v.quotas, role)
		return
	}
	if v.quotas == nil {
		v.quotas = make(map[string]*quotapb.QuotaConfig)
	}
	v.quotas[role] = config
}

// weightList is the weights that were set, sorted by role.
func (v *MasterView) weightList() []*mesospb.WeightInfo {
	v.mu.RLock()
	defer v.mu.RUnlock()
	list := make([]*mesospb.WeightInfo, 0, len(v.weights))
	for _, role := range slices.Sorted(maps.Keys(v.weights)) {
		list = append(list, &mesospb.WeightInfo{Role: &role, Weight: new(v.weights[role])})
	}
	return list
}

// quotaStatus is the quotas in their old and in their new form, sorted by role.
func (v *MasterView) quotaStatus() *quotapb.QuotaStatus {
	v.mu.RLock()
	defer v.mu.RUnlock()
	status := new(quotapb.QuotaStatus)
	for _, role := range slices.Sorted(maps.Keys(v.quotas)) {
		config := v.quotas[role]
		status.Configs = append(status.Configs, config)
		status.Infos = append(status.Infos, &quotapb.QuotaInfo{Role: &role, Guarantee: scalarResources(config.GetGuarantees())})
	}
	return status
}

// weightList is those of the weights that the sender of a request may see.
func (m *Master) weightList(ctx context.Context) []*mesospb.WeightInfo {
	sees := m.sightOf(ctx)
	return slices.DeleteFunc(m.View.weightList(), func(w *mesospb.WeightInfo) bool { return !sees.role(w.GetRole()) })
}

// quotaStatus is those of the quotas that the sender of a request may see.
func (m *Master) quotaStatus(ctx context.Context) *quotapb.QuotaStatus {
	hidden := func(role string) bool { return !m.ACLs.Allows(principalOf(ctx), acl.GetQuota, role) }
	status := m.View.quotaStatus()
	status.Configs = slices.DeleteFunc(status.Configs, func(c *quotapb.QuotaConfig) bool { return hidden(c.GetRole()) })
	status.Infos = slices.DeleteFunc(status.Infos, func(i *quotapb.QuotaInfo) bool { return hidden(i.GetRole()) })
	return status
}

// scalarResources is amounts by name as resources, sorted by name.
func scalarResources(amounts map[string]*mesospb.Value_Scalar) []*mesospb.Resource {
	list := make([]*mesospb.Resource, 0, len(amounts))
	for _, name := range slices.Sorted(maps.Keys(amounts)) {
		list = append(list, &mesospb.Resource{Name: &name, Type: mesospb.Value_SCALAR.Enum(), Scalar: amounts[name]})
	}
	return list
}

// change answers the calls about weights and quota that change something; nil
// for others.
func (m *Master) change(ctx context.Context, call *masterpb.Call) (answerer, error) {
	principal := principalOf(ctx)
	name := call.GetType().String()
	switch call.GetType() {
	case masterpb.Call_UPDATE_WEIGHTS:
		if call.UpdateWeights == nil {
			return nil, missing(name, "update_weights")
		}
		return done, m.Operator.UpdateWeights(ctx, principal, call.UpdateWeights.WeightInfos)
	case masterpb.Call_UPDATE_QUOTA:
		if call.UpdateQuota == nil {
			return nil, missing(name, "update_quota")
		}
		return done, m.Operator.UpdateQuota(ctx, principal, call.UpdateQuota.GetForce(), call.UpdateQuota.QuotaConfigs)
	case masterpb.Call_SET_QUOTA:
		if call.SetQuota == nil {
			return nil, missing(name, "set_quota")
		}
		return done, m.Operator.SetQuota(ctx, principal, call.SetQuota.QuotaRequest)
	case masterpb.Call_REMOVE_QUOTA:
		if call.RemoveQuota == nil {
			return nil, missing(name, "remove_quota")
		}
		return done, m.Operator.RemoveQuota(ctx, principal, call.RemoveQuota.GetRole())
	}
	return nil, nil
}

// weights serves /weights: GET shows them, PUT sets some.
// https://mesos.apache.org/documentation/latest/weights/
func (m *Master) weights(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodGet, http.MethodHead, http.MethodPut) {
		return
	}
	if r.Method != http.MethodPut {
		writeJSON(w, r, func(emit func([]byte)) {
			dst := []byte{'['}
			for _, info := range m.weightList(r.Context()) {
				dst = appendBare(comma(dst), info)
			}
			emit(append(dst, ']'))
		})
		return
	}
	infos, err := readWeights(w, r)
	if err == nil {
		err = m.Operator.UpdateWeights(r.Context(), principalOf(r.Context()), infos)
	}
	if err != nil {
		refuse(w, err)
	}
}

func readWeights(w http.ResponseWriter, r *http.Request) ([]*mesospb.WeightInfo, error) {
	body, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "weights: the body is not a JSON array: %w", err)
	}
	infos := make([]*mesospb.WeightInfo, len(list))
	for i, text := range list {
		infos[i] = new(mesospb.WeightInfo)
		if err := wire.UnmarshalJSON(text, infos[i]); err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "weights: entry %d: %w", i, err)
		}
	}
	return infos, nil
}

// quota serves /quota: GET shows them, POST gives a role one.
// https://mesos.apache.org/documentation/latest/quota/
func (m *Master) quota(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodGet, http.MethodHead, http.MethodPost) {
		return
	}
	if r.Method != http.MethodPost {
		writeJSON(w, r, func(emit func([]byte)) { emit(appendBare(nil, m.quotaStatus(r.Context()))) })
		return
	}
	request := new(quotapb.QuotaRequest)
	body, err := readBody(w, r)
	if err == nil {
		err = wire.UnmarshalJSON(body, request)
	}
	if err == nil {
		err = m.Operator.SetQuota(r.Context(), principalOf(r.Context()), request)
	}
	if err != nil {
		refuse(w, err)
	}
}

// quotaOf serves /quota/ROLE: DELETE takes the role's quota away.
func (m *Master) quotaOf(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodDelete) {
		return
	}
	_, role, _ := strings.Cut(r.URL.Path, "/quota/")
	if err := m.Operator.RemoveQuota(r.Context(), principalOf(r.Context()), role); err != nil {
		refuse(w, err)
	}
}
