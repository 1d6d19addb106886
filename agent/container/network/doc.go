// Package network is what containers know of networks: network/cni joins them to
// the networks that an operator's CNI plugins make, and network/ports holds those
// on the host's network to the ports that they were given.
//
// See https://mesos.apache.org/documentation/latest/cni/ and
// https://mesos.apache.org/documentation/latest/isolators/network-ports/.
package network

// Host is the name by which a container may ask for the host's network. A CNI
// network of that name takes precedence.
const Host = "host"
