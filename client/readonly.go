package client

import (
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// mayChange refuses what changes something if the client only reads.
func (c Config) mayChange(what string) error {
	if c.ReadOnly == "" {
		return nil
	}
	return mesos.Errorf(mesos.Forbidden, "%s changes the cluster: %s", what, c.ReadOnly)
}

func (c Config) mayAskMaster(call *masterpb.Call) error {
	switch kind := call.GetType(); {
	case strings.HasPrefix(kind.String(), "GET_"), kind == masterpb.Call_LIST_FILES, kind == masterpb.Call_READ_FILE:
		return nil
	default:
		return c.mayChange(kind.String())
	}
}

func (c Config) mayAskAgent(call *agentpb.Call) error {
	switch kind := call.GetType(); {
	case strings.HasPrefix(kind.String(), "GET_"), kind == agentpb.Call_LIST_FILES, kind == agentpb.Call_READ_FILE,
		kind == agentpb.Call_ATTACH_CONTAINER_OUTPUT, kind == agentpb.Call_WAIT_NESTED_CONTAINER, kind == agentpb.Call_WAIT_CONTAINER:
		return nil
	default:
		return c.mayChange(kind.String())
	}
}
