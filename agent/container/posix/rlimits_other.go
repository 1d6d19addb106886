//go:build !linux

package posix

import "github.com/mesosctl/mesosctl/wire/mesospb"

// rlimitResources is empty where the launcher can't set limits.
var rlimitResources map[mesospb.RLimitInfo_RLimit_Type]int
