package isolation

import (
	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/mesos"
)

// mayMakeNamespaces tells whether this process has CAP_SYS_ADMIN.
func mayMakeNamespaces() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return err
	}
	if data[0].Effective&(1<<unix.CAP_SYS_ADMIN) == 0 {
		return mesos.Errorf(mesos.Unsupported, "this process may not make namespaces: it lacks CAP_SYS_ADMIN")
	}
	return nil
}
