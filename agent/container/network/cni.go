package network

// CNIConfig is what network/cni is made with.
type CNIConfig struct {
	// ConfigDir has a configuration of each network; PluginsDir has the plugins,
	// several directories separated as in PATH. Both or none are set.
	ConfigDir, PluginsDir string
	// RootDir is where to keep what is known of containers' networks; see RootDir.
	RootDir string
	// DNS is for networks whose plugins name no resolvers.
	DNS *DefaultDNS
	// Metrics has interfaces measured.
	Metrics bool
}
