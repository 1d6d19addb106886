package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Images is what an agent has of container images.
type Images interface {
	// Prune removes all images but those that are excluded, and none in use.
	Prune(excluded []*mesospb.Image) error
	// Report tells which images are here and which are on their way.
	Report() ImageReport
}

// ImageReport answers GET /mesosctl/images, an endpoint of this project's own.
type ImageReport struct {
	Images []ImageRecord `json:"images"`
	Pulls  []ImagePull   `json:"pulls"`
}

// ImageRecord is an image that an agent has.
type ImageRecord struct {
	Name   string    `json:"name"`
	Digest string    `json:"digest"`
	Layers int       `json:"layers"`
	InUse  bool      `json:"in_use"`
	Pulled time.Time `json:"pulled"`
}

// ImagePull is a container that waits for an image.
type ImagePull struct {
	Container  mesos.ContainerID `json:"container_id"`
	Image      string            `json:"image"`
	Layers     int               `json:"layers"` // 0: not known yet
	LayersDone int               `json:"layers_done"`
	Bytes      int64             `json:"bytes"` // to download, as far as it is known
	BytesDone  int64             `json:"bytes_done"`
}

// images serves GET /mesosctl/images to whoever may see /containers.
func (a *Agent) images(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodGet, http.MethodHead) {
		return
	}
	report := ImageReport{Images: []ImageRecord{}, Pulls: []ImagePull{}}
	if a.Images != nil {
		report = a.Images.Report()
	}
	body, err := json.Marshal(report)
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(body, '\n')) //nolint:errcheck // the client is gone
}

// pruneImages serves PRUNE_IMAGES. An agent without images has none to remove.
// See https://mesos.apache.org/documentation/latest/operator-http-api/#prune_images.
func (a *Agent) pruneImages(ctx context.Context, call *agentpb.Call_PruneImages) (answerer, error) {
	if !a.ACLs.AllowsAny(principalOf(ctx), acl.PruneImages) {
		return nil, a.forbidden(ctx, "prune images")
	}
	if a.Images == nil {
		return done, nil
	}
	if err := a.Images.Prune(call.GetExcludedImages()); err != nil {
		return nil, err
	}
	return done, nil
}
