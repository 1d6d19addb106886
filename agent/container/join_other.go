//go:build !linux

package container

import "github.com/mesosctl/mesosctl/agent/container/supervise"

// namespacesOf has nothing to find where there are no namespaces.
func namespacesOf(int) ([]supervise.Namespace, error) { return nil, nil }
