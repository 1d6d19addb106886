package client

import (
	"context"
	"net/http"
)

// Fetch returns what GET of a path answers at one host, be it a master that does not
// lead or an agent.
func (c *Client) Fetch(ctx context.Context, host, path string) ([]byte, error) {
	response, err := c.sendTo(ctx, host, request{method: http.MethodGet, path: path, header: http.Header{}})
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return readAll(response)
}
