// Package fire is where real processes are tried by fire: three masters with their
// etcd members and five agents of the built binary, with tasks running, while
// masters and agents are killed, stopped and resumed, and cut off; and a master with
// two agents whose supervisors and tasks are killed, too. It has tests only.
//
//	go test ./fire                     # three quarters of a minute
//	make fire                          # until stopped, other faults each time
//
// As root, each master is in a network namespace of its own, joined to the others by
// a bridge, and is cut off by taking its link down: then nothing gets through, and
// nobody is told, as when a cable is pulled. Without the rights or the tools for that
// the processes share the loopback address, and nobody is cut off.
package fire
