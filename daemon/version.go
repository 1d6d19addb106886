package daemon

import (
	"runtime/debug"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// MesosVersion is the version of Apache Mesos that the daemons stand in for:
// what they say in /version, in MasterInfo and to each other, because tools and
// frameworks decide by it what they may ask for.
const MesosVersion = "1.11.0"

// versionInfo is what /version shows. The build of this program is the tag.
func versionInfo(build string) *mesospb.VersionInfo {
	info := &mesospb.VersionInfo{
		Version:   proto.String(MesosVersion),
		GitTag:    proto.String("mesosctl-" + build),
		BuildUser: proto.String("mesosctl"),
		BuildDate: proto.String(""),
		BuildTime: proto.Float64(0),
	}
	binary, ok := debug.ReadBuildInfo()
	if !ok {
		return info
	}
	for _, setting := range binary.Settings {
		switch setting.Key {
		case "vcs.revision":
			info.GitSha = proto.String(setting.Value)
		case "vcs.time":
			if at, err := time.Parse(time.RFC3339, setting.Value); err == nil {
				info.BuildDate = proto.String(at.UTC().Format("2006-01-02 15:04:05 UTC"))
				info.BuildTime = proto.Float64(float64(at.Unix()))
			}
		}
	}
	return info
}
