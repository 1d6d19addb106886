package cnitest

import (
	"errors"
	"testing"

	"github.com/vishvananda/netlink"
)

// RemoveLink removes an interface, if it is there.
func RemoveLink(t testing.TB, name string) {
	t.Helper()
	link, err := netlink.LinkByName(name)
	var gone netlink.LinkNotFoundError
	if errors.As(err, &gone) {
		return
	}
	if err == nil {
		err = netlink.LinkDel(link)
	}
	if err != nil {
		t.Errorf("remove the interface %s: %v", name, err)
	}
}
