package network

import (
	"errors"
	"fmt"
	"os"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// traffic sums up what went over the interfaces of a network namespace.
func traffic(namespace string, interfaces []string, usage *mesospb.ResourceStatistics) error {
	file, err := os.Open(namespace)
	if err != nil {
		return err
	}
	defer file.Close()
	handle, err := netlink.NewHandleAt(netns.NsHandle(file.Fd()))
	if err != nil {
		return fmt.Errorf("ask for the interfaces of %s: %w", namespace, err)
	}
	defer handle.Close()
	var sum netlink.LinkStatistics64
	for _, name := range interfaces {
		link, err := handle.LinkByName(name)
		var gone netlink.LinkNotFoundError
		if errors.As(err, &gone) {
			continue // its network went away
		}
		if err != nil {
			return fmt.Errorf("measure %s: %w", name, err)
		}
		s := link.Attrs().Statistics
		if s == nil {
			continue
		}
		sum.RxPackets += s.RxPackets
		sum.RxBytes += s.RxBytes
		sum.RxErrors += s.RxErrors
		sum.RxDropped += s.RxDropped
		sum.TxPackets += s.TxPackets
		sum.TxBytes += s.TxBytes
		sum.TxErrors += s.TxErrors
		sum.TxDropped += s.TxDropped
	}
	usage.NetRxPackets, usage.NetRxBytes = &sum.RxPackets, &sum.RxBytes
	usage.NetRxErrors, usage.NetRxDropped = &sum.RxErrors, &sum.RxDropped
	usage.NetTxPackets, usage.NetTxBytes = &sum.TxPackets, &sum.TxBytes
	usage.NetTxErrors, usage.NetTxDropped = &sum.TxErrors, &sum.TxDropped
	return nil
}
