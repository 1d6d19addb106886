package registry

import (
	"errors"
	"strconv"

	"github.com/mesosctl/mesosctl/mesos"
)

// registryVersion is of the layout of the registry. It changes only when an older
// mesosctl could not read it any more; what is merely added does not count.
const registryVersion = 1

// Keys of the registry, below prefix, that are not the master's.
const (
	versionKey   = "version"   // registryVersion in decimal
	restoringKey = "restoring" // there while a restore is under way
)

// ErrUnreadable is wrapped by the error of a registry that no master of this
// version can lead with: trying again is of no use.
var ErrUnreadable = errors.New("the registry can't be used")

func versionValue(version int) string { return strconv.Itoa(version) }

// versionOf checks that this version can read a registry. One without a version
// was written before there was one, or is new.
func versionOf(keys map[string][]byte) (int, error) {
	if _, ok := keys[restoringKey]; ok {
		return 0, mesos.Errorf(mesos.Conflict, "%w: a restore was interrupted; stop the masters and do it again (mesosctl registry restore)", ErrUnreadable)
	}
	text, ok := keys[versionKey]
	if !ok {
		return registryVersion, nil
	}
	version, err := strconv.Atoi(string(text))
	if err != nil || version < 1 {
		return 0, mesos.Errorf(mesos.Internal, "%w: its version is %q; %s", ErrUnreadable, text, restoreInstead)
	}
	if version > registryVersion {
		return 0, mesos.Errorf(mesos.Unsupported, "%w: it is of version %d, and this mesosctl reads up to %d; run the newer mesosctl that wrote it, "+
			"or %s", ErrUnreadable, version, registryVersion, restoreInstead)
	}
	return version, nil
}

const restoreInstead = "put a backup of an older one into an empty work_dir (mesosctl registry restore)"
