package resources

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"

	"github.com/mesosctl/mesosctl/mesos"
)

// jsonResource is a Resource object as an operator writes it.
type jsonResource struct {
	Name   string      `json:"name"`
	Type   string      `json:"type"`
	Scalar *jsonScalar `json:"scalar"`
	Ranges *struct {
		Range []jsonRange `json:"range"`
	} `json:"ranges"`
	Set *struct {
		Item []string `json:"item"`
	} `json:"set"`
	Role         *string     `json:"role"`
	Reservation  *jsonLayer  `json:"reservation"`
	Reservations []jsonLayer `json:"reservations"`
	Disk         *jsonDisk   `json:"disk"`
	Revocable    *struct{}   `json:"revocable"`
	Shared       *struct{}   `json:"shared"`
	Provider     *struct {
		Value string `json:"value"`
	} `json:"provider_id"`
}

type jsonScalar struct {
	Value *float64 `json:"value"`
}

type jsonRange struct {
	Begin *jsonUint `json:"begin"`
	End   *jsonUint `json:"end"`
}

// jsonUint is a 64-bit number, which JSON may carry as a string.
type jsonUint uint64

func (u *jsonUint) UnmarshalJSON(text []byte) error {
	n, err := strconv.ParseUint(string(bytes.Trim(text, `"`)), 10, 64)
	if err != nil {
		return mesos.Errorf(mesos.Invalid, "%s is not a whole number from 0", text)
	}
	*u = jsonUint(n)
	return nil
}

type jsonLayer struct {
	Type      string      `json:"type"`
	Role      *string     `json:"role"`
	Principal string      `json:"principal"`
	Labels    *jsonLabels `json:"labels"`
}

type jsonLabels struct {
	Labels []struct {
		Key   string  `json:"key"`
		Value *string `json:"value"`
	} `json:"labels"`
}

type jsonRoot struct {
	Root *string `json:"root"`
}

type jsonDisk struct {
	Persistence *struct {
		ID        string `json:"id"`
		Principal string `json:"principal"`
	} `json:"persistence"`
	Volume *struct {
		ContainerPath string `json:"container_path"`
		HostPath      string `json:"host_path"`
		Mode          string `json:"mode"`
	} `json:"volume"`
	Source *struct {
		Type     string      `json:"type"`
		Path     *jsonRoot   `json:"path"`
		Mount    *jsonRoot   `json:"mount"`
		Vendor   string      `json:"vendor"`
		ID       string      `json:"id"`
		Profile  string      `json:"profile"`
		Metadata *jsonLabels `json:"metadata"`
	} `json:"source"`
}

func parseJSON(text []byte, defaultRole string) ([]Resource, error) {
	var objects []jsonResource
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&objects); err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "resources: %w", describeJSONError(err))
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, mesos.Errorf(mesos.Invalid, "resources: there is more after the JSON array, from byte %d on", decoder.InputOffset())
	}
	list := make([]Resource, len(objects))
	for i := range objects {
		resource, err := objects[i].resource(defaultRole)
		if err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "resources[%d] %s: %w", i, objects[i].Name, err)
		}
		list[i] = resource
	}
	return list, nil
}

// describeJSONError adds the position to errors of encoding/json.
func describeJSONError(err error) error {
	var syntax *json.SyntaxError
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return mesos.Errorf(mesos.Invalid, "bad JSON at byte %d: %w", syntax.Offset, err)
	case errors.As(err, &wrongType):
		return mesos.Errorf(mesos.Invalid, "%s at byte %d is a JSON %s", wrongType.Field, wrongType.Offset, wrongType.Value)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return mesos.Errorf(mesos.Invalid, "bad JSON: it ends too early")
	}
	return err
}

func (j *jsonResource) resource(defaultRole string) (Resource, error) {
	r := Resource{Name: j.Name, Revocable: j.Revocable != nil, Shared: j.Shared != nil}
	if j.Provider != nil {
		r.ProviderID = j.Provider.Value
	}
	if err := j.setValue(&r); err != nil {
		return Resource{}, err
	}
	var err error
	if r.Reservations, err = j.layers(defaultRole); err != nil {
		return Resource{}, err
	}
	r.Disk, err = j.Disk.disk()
	return r, err
}

// setValue checks that the resource has the value that its type asks for and
// no other.
func (j *jsonResource) setValue(r *Resource) error {
	given := map[string]bool{"SCALAR": j.Scalar != nil, "RANGES": j.Ranges != nil, "SET": j.Set != nil}
	if _, known := given[j.Type]; !known {
		return mesos.Errorf(mesos.Invalid, "type: %q is not SCALAR, RANGES or SET", j.Type)
	}
	for _, kind := range []Kind{KindScalar, KindRanges, KindSet} {
		if given[kind.String()] == (kind.String() == j.Type) {
			continue
		}
		if kind.String() == j.Type {
			return mesos.Errorf(mesos.Invalid, "the value of type %s is missing", j.Type)
		}
		return mesos.Errorf(mesos.Invalid, "has a value of type %s beside its own, %s", kind, j.Type)
	}
	switch j.Type {
	case "RANGES":
		r.Kind = KindRanges
		return j.setRanges(r)
	case "SET":
		r.Kind, r.Set = KindSet, j.Set.Item
		return nil
	}
	if j.Scalar.Value == nil {
		return mesos.Errorf(mesos.Invalid, "scalar.value: is missing")
	}
	var err error
	r.Scalar, err = mesos.CheckScalar(*j.Scalar.Value)
	return err
}

func (j *jsonResource) setRanges(r *Resource) error {
	for i, interval := range j.Ranges.Range {
		if interval.Begin == nil || interval.End == nil {
			return mesos.Errorf(mesos.Invalid, "ranges.range[%d]: begin or end is missing", i)
		}
		r.Ranges = append(r.Ranges, Range{Begin: uint64(*interval.Begin), End: uint64(*interval.End)})
	}
	return nil
}

func (j *jsonResource) layers(defaultRole string) ([]Reservation, error) {
	declared := Declared{Role: j.Role}
	if j.Role == nil && len(j.Reservations) == 0 {
		declared.Role = &defaultRole
	}
	if j.Reservation != nil {
		layer, err := j.Reservation.declared()
		if err != nil {
			return nil, err
		}
		declared.Reservation = &layer
	}
	for i := range j.Reservations {
		layer, err := j.Reservations[i].declared()
		if err != nil {
			return nil, err
		}
		declared.Reservations = append(declared.Reservations, layer)
	}
	return declared.Layers()
}

func (j *jsonLayer) declared() (DeclaredLayer, error) {
	layer := DeclaredLayer{Role: j.Role, Principal: j.Principal, Labels: j.Labels.labels()}
	switch j.Type {
	case "", "UNKNOWN":
	case "STATIC":
		layer.Type = StaticReservation
	case "DYNAMIC":
		layer.Type = DynamicReservation
	default:
		return layer, mesos.Errorf(mesos.Invalid, "reservation type: %q is not STATIC or DYNAMIC", j.Type)
	}
	return layer, nil
}

func (j *jsonLabels) labels() []Label {
	if j == nil {
		return nil
	}
	labels := make([]Label, len(j.Labels))
	for i, label := range j.Labels {
		labels[i] = Label{Key: label.Key, HasValue: label.Value != nil}
		if label.Value != nil {
			labels[i].Value = *label.Value
		}
	}
	return labels
}

func (j *jsonDisk) disk() (*Disk, error) {
	if j == nil {
		return nil, nil
	}
	disk := &Disk{}
	if j.Persistence != nil {
		disk.Persistence = &Persistence{ID: j.Persistence.ID, Principal: j.Persistence.Principal}
	}
	if j.Volume != nil {
		disk.Volume = &Volume{ContainerPath: j.Volume.ContainerPath, HostPath: j.Volume.HostPath, ReadOnly: j.Volume.Mode == "RO"}
	}
	if j.Source == nil {
		return disk, nil
	}
	disk.Source = &Source{
		Vendor:   j.Source.Vendor,
		ID:       j.Source.ID,
		Profile:  j.Source.Profile,
		Metadata: j.Source.Metadata.labels(),
	}
	for _, known := range []SourceType{SourcePath, SourceMount, SourceBlock, SourceRaw} {
		if known.String() == j.Source.Type {
			disk.Source.Type = known
		}
	}
	if disk.Source.Type == 0 {
		return nil, mesos.Errorf(mesos.Invalid, "disk.source.type: %q is not PATH, MOUNT, BLOCK or RAW", j.Source.Type)
	}
	for _, root := range []*jsonRoot{j.Source.Path, j.Source.Mount} {
		if root != nil && root.Root != nil {
			disk.Source.Root, disk.Source.HasRoot = *root.Root, true
		}
	}
	return disk, nil
}
