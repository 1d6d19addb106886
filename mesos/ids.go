// Package mesos is the vocabulary of the project: typed IDs, the task-state
// table and error kinds, in Mesos's words and with Mesos's meaning. It imports
// nothing but the standard library, so every room can speak it.
package mesos

// Identifiers. Each is an opaque string on the wire; the types keep one from
// being passed for another.
type (
	// MasterID is the UUID of one master's term; it prefixes the IDs that master assigns.
	MasterID string
	// AgentID is "<master-id>-S<n>".
	AgentID string
	// FrameworkID is "<master-id>-<4 digits>".
	FrameworkID string
	// OfferID is "<master-id>-O<n>".
	OfferID string
	// TaskID is chosen by the framework and unique within it.
	TaskID string
	// ExecutorID is chosen by the framework and unique within it on one agent.
	ExecutorID string
	// ContainerID is a UUID chosen by the agent; a nested one is "parent.child".
	ContainerID string
	// OperationID is chosen by the framework to be told of an operation's outcome.
	OperationID string
)
