package client

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
)

const imagesPath = "/mesosctl/images"

// Pull is a container that waits for an image, and how far that is.
type Pull struct {
	Container  mesos.ContainerID `json:"container_id"`
	Image      string            `json:"image"`
	Layers     int               `json:"layers"` // 0: not known yet
	LayersDone int               `json:"layers_done"`
	Bytes      int64             `json:"bytes"` // to download, as far as it is known
	BytesDone  int64             `json:"bytes_done"`
}

// Pulls asks for the images that are on their way to the agent. An error of kind
// mesos.Unsupported: it is an agent of Apache Mesos.
func (a *Agent) Pulls(ctx context.Context) ([]Pull, error) {
	response, err := a.send(ctx, request{
		method: http.MethodGet, path: imagesPath, header: http.Header{"Accept": {"application/json"}},
	})
	if mesos.KindOf(err) == mesos.NotFound && strings.HasSuffix(err.Error(), http.StatusText(http.StatusNotFound)) {
		return nil, mesos.Errorf(mesos.Unsupported, "the agent at %s can't tell of images: it is not one of mesosctl", a.host)
	}
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := readAll(response)
	if err != nil {
		return nil, err
	}
	var report struct {
		Pulls []Pull `json:"pulls"`
	}
	if err := json.Unmarshal(body, &report); err != nil {
		return nil, mesos.Errorf(mesos.Internal, "%s%s: %w", a.host, imagesPath, err)
	}
	return report.Pulls, nil
}
