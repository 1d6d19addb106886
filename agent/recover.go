package agent

import (
	"fmt"
	"path"
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/checkpointpb"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Disk is the checkpoints that an earlier agent wrote, by the paths of its
// Checkpoint effects.
type Disk interface {
	// Read returns what was written whole; nil if there is nothing.
	Read(path string) ([]byte, error)
	// Records returns what was appended, in order; none if there is nothing. An
	// error beside records tells what can't be read behind them; a record that a
	// crash kept from being whole is no error.
	Records(path string) ([][]byte, error)
	// List returns the names in a directory, sorted; none if there is no such.
	List(path string) ([]string, error)
}

// State is what an agent that ran here before has left under <work_dir>/meta.
// The zero State is that of a new agent.
type State struct {
	// Agent is the checkpointed slave.info, with the id the master gave it.
	Agent *mesospb.AgentInfo
	// Errors is what could not be read and was left out (see Config.Strict).
	Errors []error

	bootID     string
	frameworks []*pastFramework
	total      resources.Resources // the configured ones after all operations
	operations []*operation
	garbage    []string        // checkpoints that nobody needs any more
	earlier    []mesos.AgentID // agents before the one that ran last, not known to be over
	draining   *mesospb.DrainConfig
}

// Recover reads the State that an earlier agent wrote, for an agent of this
// configuration. An error says what is wrong, where, and what can be done; its kind
// is mesos.Invalid if it is in what was written. See
// https://mesos.apache.org/documentation/latest/agent-recovery/.
func Recover(disk Disk, config Config) (State, error) {
	r := &recovery{disk: disk, config: config}
	if err := r.recover(); err != nil {
		return State{}, err
	}
	return r.state, nil
}

// recovery is a Recover under way.
type recovery struct {
	disk   Disk
	config Config
	state  State
}

func (r *recovery) recover() error {
	if err := r.agent(); err != nil {
		return err
	}
	if err := r.resources(); err != nil {
		return err
	}
	id := r.id()
	err := r.each("slaves", func(_, name string) (bool, error) {
		kept := name == "latest" || name == string(id)
		if !kept {
			r.state.earlier = append(r.state.earlier, mesos.AgentID(name))
		}
		return kept, nil
	})
	if err != nil || id == "" {
		return err
	}
	return r.frameworks()
}

// bad takes in that a checkpoint can't be read: an error, or if the agent is not
// strict, one less thing that is recovered.
func (r *recovery) bad(path string, err error) error {
	if r.config.Strict {
		return mesos.Errorf(mesos.Invalid, "recover: meta/%s: %w; --no-strict goes on without what it was to tell, "+
			"and to start as a new agent, remove meta/%s in the work directory", path, err, LatestPath)
	}
	r.state.Errors = append(r.state.Errors, fmt.Errorf("meta/%s: %w", path, err))
	return nil
}

// readable is a message that was written down.
type readable interface{ UnmarshalVT(data []byte) error }

// read reads a message. It reports false if there is none, or if it can't be
// read and is left out.
func (r *recovery) read(path string, m readable) (bool, error) {
	data, err := r.disk.Read(path)
	if err != nil || data == nil {
		return false, err
	}
	if err := m.UnmarshalVT(data); err != nil {
		return false, r.bad(path, mesos.Errorf(mesos.Invalid, "it is damaged: %w", err))
	}
	return true, nil
}

// missing takes in that a checkpoint names an entry of its directory that is not there.
func (r *recovery) missing(path, name string) error {
	return r.bad(path, mesos.Errorf(mesos.Invalid, "it is damaged: there is no %.100q beside it", name))
}

// agent reads who the agent was.
func (r *recovery) agent() error {
	boot, err := r.disk.Read(bootPath)
	if err != nil {
		return err
	}
	r.state.bootID = string(boot)
	id, err := r.disk.Read(LatestPath)
	if err != nil || id == nil {
		return err
	}
	// It was written when the agent was, and stays for as long.
	if names, err := r.disk.List(path.Dir(LatestPath)); err != nil {
		return err
	} else if !slices.Contains(names, string(id)) {
		return r.missing(LatestPath, string(id))
	}
	info := &mesospb.AgentInfo{}
	file := InfoPath(mesos.AgentID(id))
	found, err := r.read(file, info)
	if err != nil || !found {
		return err
	}
	if info.GetId().GetValue() != string(id) {
		return r.bad(file, mesos.Errorf(mesos.Invalid, "it is of agent %q", info.GetId().GetValue()))
	}
	if err := compatible(&r.config, info); err != nil {
		if r.rebooted() {
			// Whoever works on a machine may change it, and nothing runs any more.
			r.drop(LatestPath)
			return nil
		}
		return mesos.Errorf(mesos.Conflict, "recover: the configuration is not that of agent %s, which ran here: %w; "+
			"to start as a new agent, remove meta/%s in the work directory", id, err, LatestPath)
	}
	r.state.Agent = info
	drain := new(mesospb.DrainConfig)
	if found, err = r.read(drainPath(mesos.AgentID(id)), drain); found {
		r.state.draining = drain
	}
	return err
}

// rebooted reports whether the machine was booted since an agent ran here.
func (r *recovery) rebooted() bool { return r.state.Rebooted(r.config.BootID) }

// Rebooted reports whether the machine, which was booted with this ID, was so since
// an agent ran here.
func (s *State) Rebooted(bootID string) bool {
	return s.bootID != "" && bootID != "" && s.bootID != bootID
}

// resources reads reservations, volumes and operations. Without its reservations
// an agent would offer what is somebody's, so that these must be readable.
func (r *recovery) resources() error {
	configured, err := convert.Resources(r.config.Info.GetResources())
	if err != nil {
		return mesos.Errorf(mesos.Invalid, "recover: configured resources: %w", err)
	}
	r.state.total = configured
	data, err := r.disk.Read(resourcesPath)
	if err != nil || data == nil {
		return err
	}
	state := &checkpointpb.ResourceState{}
	if err := state.UnmarshalVT(data); err != nil {
		return mesos.Errorf(mesos.Invalid, "recover: %s: %w", resourcesPath, err)
	}
	checkpointed, err := convert.Resources(state.GetResources())
	if err != nil {
		return mesos.Errorf(mesos.Invalid, "recover: %s: %w", resourcesPath, err)
	}
	if r.state.total, err = configured.Restore(checkpointed); err != nil {
		return mesos.Errorf(mesos.Invalid, "recover: the agent is configured with less than is reserved or in volumes: %w", err)
	}
	if r.state.Agent == nil {
		return nil // the operations were another agent's
	}
	return r.operations(state.GetOperations())
}

func (r *recovery) operations(records []*mesospb.Operation) error {
	id := mesos.AgentID(r.state.Agent.GetId().GetValue())
	known := map[string]bool{}
	for _, record := range records {
		opID, ok := operationUUID(record.GetUuid())
		if !ok {
			if err := r.bad(resourcesPath, mesos.Errorf(mesos.Invalid, "an operation without a UUID")); err != nil {
				return err
			}
			continue
		}
		o := &operation{id: opID, record: record}
		known[formatUUID(opID)] = true
		over, err := recoverStream(r, &o.stream, operationUpdatesPath(id, opID), decodeOperationUpdate)
		if err != nil {
			return err
		}
		if over != nil && terminalOperation(over.GetState()) {
			r.state.garbage = append(r.state.garbage, operationPath(id, opID))
			continue
		}
		r.state.operations = append(r.state.operations, o)
	}
	names, err := r.disk.List(operationsPath(id))
	if err != nil {
		return err
	}
	for _, name := range names {
		if !known[name] {
			r.state.garbage = append(r.state.garbage, operationsPath(id)+"/"+name)
		}
	}
	return nil
}

func decodeOperationUpdate(data []byte) (id []byte, status *mesospb.OperationStatus, err error) {
	m := &linkpb.UpdateOperationStatus{}
	if err := m.UnmarshalVT(data); err != nil {
		return nil, nil, err
	}
	return m.GetStatus().GetUuid().GetValue(), m.GetStatus(), nil
}

// recoverStream replays the records of a stream of updates into it, and returns
// the last status that was acknowledged, if any was.
func recoverStream[S any](r *recovery, s *stream[S], path string,
	decode func(data []byte) (id []byte, status S, err error)) (acknowledged S, err error) {
	records, wrong := r.disk.Records(path)
	for _, record := range records {
		status, isAck, err := s.replay(record, decode)
		if err != nil {
			wrong = err
			break
		}
		if isAck {
			acknowledged = status
		}
	}
	if wrong != nil {
		err = r.bad(path, wrong)
	}
	return acknowledged, err
}

// replay takes one record of a stream's checkpoint; of an acknowledgement it
// returns the status that was acknowledged.
func (s *stream[S]) replay(record []byte, decode func([]byte) ([]byte, S, error)) (status S, isAck bool, err error) {
	if len(record) == 0 {
		return status, false, mesos.Errorf(mesos.Invalid, "a record is empty")
	}
	switch record[0] {
	case updateRecord:
		id, status, err := decode(record[1:])
		if err == nil && len(id) != len(uuid{}) {
			err = mesos.Errorf(mesos.Invalid, "an update without a UUID")
		}
		if err == nil {
			s.add(id, status)
		}
		return status, false, err
	case acknowledgementRecord:
		status, ok := s.acknowledged(record[1:])
		if !ok {
			return status, false, mesos.Errorf(mesos.Invalid, "an acknowledgement of an update that did not wait for one")
		}
		return status, true, nil
	}
	return status, false, mesos.Errorf(mesos.Invalid, "a record of unknown kind %q", record[:1])
}

// recoverOperations takes over the operations of an earlier agent.
func (a *Agent) recoverOperations(operations []*operation) {
	for _, o := range operations {
		a.follow(o)
		a.operations.put(o.id, o)
	}
}

// continueOperations goes on where an earlier agent ended: a pending operation
// is done, or done again, and a status that had not reached its stream does now.
func (a *Agent) continueOperations() {
	for _, o := range a.operations.values() {
		if terminalOperation(o.state()) {
			if status := o.record.GetLatestStatus(); len(o.received) == 0 && len(status.GetUuid().GetValue()) == len(uuid{}) {
				a.deliverOperation(o, status)
			}
			continue
		}
		conversions, err := unallocated(o.record.GetInfo())
		var change ChangeVolumes
		if err == nil {
			change, err = changeOfVolumes(o.id, conversions)
		}
		if err != nil {
			a.finishOperation(o, mesospb.OperationState_OPERATION_DROPPED, err.Error())
			continue
		}
		a.changeVolumes(o, change)
	}
}
