package daemonflags

import "github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"

// agentLater is what a Mesos agent has and this one does not have yet.
func agentLater() flags.Table {
	return flags.Table{
		flags.Later("agent_features", ""),
		flags.Later("authenticatee", "crammd5"),
		flags.Later("authentication_backoff_factor", "1secs"),
		flags.Later("authentication_timeout_min", "5secs"),
		flags.Later("authentication_timeout_max", "1mins"),
		flags.Later("containerizers", "mesos"),
		flags.Later("disk_profile_adaptor", ""),
		flags.Later("docker", "docker"),
		flags.LaterBool("docker_kill_orphans", true),
		flags.Later("docker_mesos_image", ""),
		flags.Later("docker_remove_delay", "6hrs"),
		flags.Later("docker_socket", "/var/run/docker.sock"),
		flags.Later("docker_stop_timeout", "0ns"),
		flags.Later("docker_volume_checkpoint_dir", "/var/run/mesos/isolators/docker/volume"),
		flags.LaterBool("docker_volume_chown", false),
		flags.Later("domain_socket_location", ""),
		flags.Later("executor_reregistration_retry_interval", ""),
		flags.LaterBool("http_command_executor", false),
		flags.LaterBool("http_executor_domain_sockets", false),
		flags.Later("ip6", ""),
		flags.Later("ip6_discovery_command", ""),
		flags.Later("launcher_dir", "/usr/local/libexec/mesos"),
		flags.Later("master_detector", ""),
		flags.Later("resource_provider_config_dir", ""),
		flags.Later("csi_plugin_config_dir", ""),
		flags.LaterBool("systemd_enable_support", true, "false"), // nothing of systemd is used
		flags.Later("systemd_runtime_directory", "/run/systemd/system"),
		flags.Later("ephemeral_ports_per_container", "1024"),
		flags.Later("eth0_name", ""),
		flags.Later("lo_name", ""),
		flags.Later("egress_rate_limit_per_container", ""),
		flags.LaterBool("egress_unique_flow_per_container", false),
		flags.Later("egress_flow_classifier_parent", ""),
		flags.LaterBool("network_enable_socket_statistics_summary", false),
		flags.LaterBool("network_enable_socket_statistics_details", false),
		flags.LaterBool("network_enable_snmp_statistics", false),
	}
}
