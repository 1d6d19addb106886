package acl

// Action is something that a principal may be allowed to do.
type Action int

// The actions, with what their objects are.
const (
	RegisterFramework                       Action = iota // roles
	RunTask                                               // users
	TeardownFramework                                     // principals of frameworks
	ReserveResources                                      // roles
	UnreserveResources                                    // principals that reserved
	CreateVolume                                          // roles
	DestroyVolume                                         // principals that created
	ResizeVolume                                          // roles
	GetQuota                                              // roles
	UpdateQuota                                           // roles
	ViewRole                                              // roles
	UpdateWeight                                          // roles
	GetEndpoint                                           // paths
	ViewFramework                                         // users
	ViewTask                                              // users
	ViewExecutor                                          // users
	AccessSandbox                                         // users
	AccessMesosLog                                        // none
	ViewFlags                                             // none
	LaunchNestedContainerAsUser                           // users
	LaunchNestedContainerUnderParent                      // users of the parent
	LaunchNestedContainerSessionAsUser                    // users
	LaunchNestedContainerSessionUnderParent               // users of the parent
	AttachContainerInput                                  // users
	AttachContainerOutput                                 // users
	KillNestedContainer                                   // users
	WaitNestedContainer                                   // users
	RemoveNestedContainer                                 // users
	ViewContainer                                         // users
	SetLogLevel                                           // none
	RegisterAgent                                         // none
	UpdateMaintenanceSchedule                             // none
	GetMaintenanceSchedule                                // none
	StartMaintenance                                      // none
	StopMaintenance                                       // none
	GetMaintenanceStatus                                  // none
	DrainAgent                                            // none
	DeactivateAgent                                       // none
	ReactivateAgent                                       // none
	MarkAgentGone                                         // none
	LaunchStandaloneContainer                             // none
	KillStandaloneContainer                               // none
	WaitStandaloneContainer                               // none
	RemoveStandaloneContainer                             // none
	ViewStandaloneContainer                               // none
	ModifyResourceProviderConfig                          // none
	MarkResourceProviderGone                              // none
	ViewResourceProvider                                  // none
	PruneImages                                           // none
	CreateBlockDisk                                       // roles
	DestroyBlockDisk                                      // roles
	CreateMountDisk                                       // roles
	DestroyMountDisk                                      // roles
	DestroyRawDisk                                        // roles

	actions
)

// objectKind is how the objects of an action are written.
type objectKind int

const (
	named    objectKind = iota // by their names
	roles                      // by their names, or "role/%" for those below a role
	implicit                   // there is but one: type ANY or NONE
	paths                      // by their names, of those that can be authorized
)

// syntax is how an action's list is written: the name of the list and the name
// of the objects in its entries.
type syntax struct {
	list, objects string
	kind          objectKind
}

var syntaxes = [actions]syntax{
	RegisterFramework:                       {"register_frameworks", "roles", roles},
	RunTask:                                 {"run_tasks", "users", named},
	TeardownFramework:                       {"teardown_frameworks", "framework_principals", named},
	ReserveResources:                        {"reserve_resources", "roles", roles},
	UnreserveResources:                      {"unreserve_resources", "reserver_principals", named},
	CreateVolume:                            {"create_volumes", "roles", roles},
	DestroyVolume:                           {"destroy_volumes", "creator_principals", named},
	ResizeVolume:                            {"resize_volumes", "roles", roles},
	GetQuota:                                {"get_quotas", "roles", roles},
	UpdateQuota:                             {"update_quotas", "roles", roles},
	ViewRole:                                {"view_roles", "roles", roles},
	UpdateWeight:                            {"update_weights", "roles", roles},
	GetEndpoint:                             {"get_endpoints", "paths", paths},
	ViewFramework:                           {"view_frameworks", "users", named},
	ViewTask:                                {"view_tasks", "users", named},
	ViewExecutor:                            {"view_executors", "users", named},
	AccessSandbox:                           {"access_sandboxes", "users", named},
	AccessMesosLog:                          {"access_mesos_logs", "logs", implicit},
	ViewFlags:                               {"view_flags", "flags", implicit},
	LaunchNestedContainerAsUser:             {"launch_nested_containers_as_user", "users", named},
	LaunchNestedContainerUnderParent:        {"launch_nested_containers_under_parent_with_user", "users", named},
	LaunchNestedContainerSessionAsUser:      {"launch_nested_container_sessions_as_user", "users", named},
	LaunchNestedContainerSessionUnderParent: {"launch_nested_container_sessions_under_parent_with_user", "users", named},
	AttachContainerInput:                    {"attach_containers_input", "users", named},
	AttachContainerOutput:                   {"attach_containers_output", "users", named},
	KillNestedContainer:                     {"kill_nested_containers", "users", named},
	WaitNestedContainer:                     {"wait_nested_containers", "users", named},
	RemoveNestedContainer:                   {"remove_nested_containers", "users", named},
	ViewContainer:                           {"view_containers", "users", named},
	SetLogLevel:                             {"set_log_level", "level", implicit},
	RegisterAgent:                           {"register_agents", "agents", implicit},
	UpdateMaintenanceSchedule:               {"update_maintenance_schedules", "machines", implicit},
	GetMaintenanceSchedule:                  {"get_maintenance_schedules", "machines", implicit},
	StartMaintenance:                        {"start_maintenances", "machines", implicit},
	StopMaintenance:                         {"stop_maintenances", "machines", implicit},
	GetMaintenanceStatus:                    {"get_maintenance_statuses", "machines", implicit},
	DrainAgent:                              {"drain_agents", "agents", implicit},
	DeactivateAgent:                         {"deactivate_agents", "agents", implicit},
	ReactivateAgent:                         {"reactivate_agents", "agents", implicit},
	MarkAgentGone:                           {"mark_agents_gone", "agents", implicit},
	LaunchStandaloneContainer:               {"launch_standalone_containers", "users", implicit},
	KillStandaloneContainer:                 {"kill_standalone_containers", "users", implicit},
	WaitStandaloneContainer:                 {"wait_standalone_containers", "users", implicit},
	RemoveStandaloneContainer:               {"remove_standalone_containers", "users", implicit},
	ViewStandaloneContainer:                 {"view_standalone_containers", "users", implicit},
	ModifyResourceProviderConfig:            {"modify_resource_provider_configs", "resource_providers", implicit},
	MarkResourceProviderGone:                {"mark_resource_providers_gone", "resource_providers", implicit},
	ViewResourceProvider:                    {"view_resource_providers", "resource_providers", implicit},
	PruneImages:                             {"prune_images", "images", implicit},
	CreateBlockDisk:                         {"create_block_disks", "roles", roles},
	DestroyBlockDisk:                        {"destroy_block_disks", "roles", roles},
	CreateMountDisk:                         {"create_mount_disks", "roles", roles},
	DestroyMountDisk:                        {"destroy_mount_disks", "roles", roles},
	DestroyRawDisk:                          {"destroy_raw_disks", "roles", roles},
}

// String is the name of the action's list in the ACLs.
func (a Action) String() string { return syntaxes[a].list }

// Endpoints are the paths that GetEndpoint is about.
var Endpoints = []string{
	"/containers", "/containerizer/debug", "/files/debug", "/logging/toggle", "/metrics/snapshot", "/monitor/statistics",
	"/mesosctl/debug", // of this project
}
