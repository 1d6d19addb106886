package agent

import (
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// These rules are those of https://mesos.apache.org/documentation/latest/operations/
// and https://mesos.apache.org/documentation/latest/reconciliation/.

func TestOperationChangesWhatTheAgentHas(t *testing.T) {
	s := scene(t)
	s.show["publications"] = true
	s.contains(s.do("reserve uuid=501 id=op resources='cpus:2'"),
		"put resources cpus:6; mem:4096; disk:1024; cpus(reservations: [(DYNAMIC,dev,ops)]):2")
	s.contains(s.do("unreserve uuid=502 id=op2 resources='cpus:2'"), "put resources cpus:8; mem:4096; disk:1024\n")
	s.do("reserve uuid=503 resources='disk:100'")
	s.do("create uuid=504 volumes=v:64", "volumes-changed uuid=504")
	s.contains(s.do("shrink uuid=505 volumes=v:64 by=14"), "disk(reservations: [(DYNAMIC,dev,ops)])[v:data]:50", "505 of F FINISHED")
	s.contains(s.do("grow uuid=506 volumes=v:50 by=50"), "disk(reservations: [(DYNAMIC,dev,ops)])[v:data]:100", "506 of F FINISHED")
	s.do("destroy uuid=507 volumes=v:100")
	s.contains(s.do("volumes-changed uuid=507"), "507 of F FINISHED")
	s.contains(s.do("link-closed", "after 1s", "connected"), "disk(reservations: [(DYNAMIC,dev,ops)]):100")
}

func TestOperationIsWrittenDownBeforeItIsAnswered(t *testing.T) {
	s := scene(t)
	s.show["checkpoints"] = true
	s.wants(s.do("reserve uuid=501 id=op resources='cpus:2'"),
		"checkpoint resources/resources_and_operations.state",
		"append U to slaves/M-S0/operations/00000000-0000-0000-0000-0000000001f5/operation.updates",
		"to master: operation #501 of F (op) FINISHED on M-S0 #1")
	s.wants(s.do("ack-operation uuid=501 status=1"),
		"checkpoint resources/resources_and_operations.state",
		"forget slaves/M-S0/operations/00000000-0000-0000-0000-0000000001f5")
}

func TestOperationUpdateIsSentUntilItIsAcknowledged(t *testing.T) {
	// covers: AgentOperationFeedbackTest.RetryOperationStatusUpdate
	// covers: SlaveTest.UpdateOperationStatusRetry
	// covers: OperationStatusUpdateManagerTest.ResendUnacknowledged
	// covers: OperationStatusUpdateManagerTest.UpdateAndAck
	s := scene(t)
	update := "to master: operation #501 of F (op) FINISHED on M-S0 #1"
	s.wants(s.do("reserve uuid=501 id=op resources='cpus:2'"), update)
	s.wants(s.do("after 9s"))
	s.wants(s.do("after 1s"), "at +1s:", update)
	s.wants(s.do("after 19s"))
	s.wants(s.do("after 1s"), "at +1s:", update)
	s.wants(s.do("ack-operation uuid=501 status=1", "after 24h"))
}

func TestOperationUpdatesAreRetriedAtMostEveryTenMinutes(t *testing.T) {
	s := scene(t, "reserve uuid=501 id=op resources='cpus:2'", "after 24h")
	s.do("after 10m")
	s.contains(s.do("after 10m"), "operation #501")
}

func TestOperationThatIsOverForEverybodyIsForgotten(t *testing.T) {
	// covers: AgentOperationFeedbackTest.CleanupAcknowledgedTerminalOperation
	s := scene(t, "reserve uuid=501 id=op resources='cpus:2'")
	s.contains(s.do("link-closed", "after 1s", "connected", "registered"), "operation #501 FINISHED")
	s.do("ack-operation uuid=501 status=1")
	s.lacks(s.do("link-closed", "after 1s", "connected"), "operation")
	if s.operationFiles() != 0 {
		t.Errorf("what the disk has: %v", s.disk)
	}
}

func TestOperationUpdateNamesTheAgent(t *testing.T) {
	// covers: AgentOperationFeedbackTest.OperationUpdateContainsAgentID
	s := scene(t)
	s.contains(s.do("reserve uuid=501 id=op resources='cpus:2'"), "FINISHED on M-S0")
	s.contains(s.do("reconcile-operations uuids=77"), "DROPPED on M-S0")
}

func TestOperationThatNeverArrivedIsDroppedUponReconciliation(t *testing.T) {
	// covers: AgentOperationFeedbackTest.DroppedOperationStatusUpdate
	// covers: MasterSlaveReconciliationTest.ReconcileDroppedOperation
	s := scene(t, "reserve uuid=501 id=op resources='cpus:2'")
	// It has no UUID of its own: nobody acknowledges it, and asking again repeats it.
	dropped := `to master: operation #502 of F (op502) DROPPED on M-S0 "Reconciliation: the agent does not know this operation"`
	s.wants(s.do("reconcile-operations uuids=501,502"), dropped)
	s.wants(s.do("reconcile-operations uuids=502"), dropped)
	s.lacks(s.do("after 1h"), "#502")
}

func TestOperationWithoutAnIDIsToldOnce(t *testing.T) {
	s := scene(t)
	s.wants(s.do("reserve uuid=501 resources='cpus:2'", "after 1h"), "to master: operation #501 of F FINISHED on M-S0")
	s.wants(s.do("reserve operator uuid=502 resources='cpus:2'", "after 1h"), "to master: operation #502 FINISHED on M-S0")
	if s.agent.operations.len() != 0 || s.operationFiles() != 0 {
		t.Errorf("%d operations are kept: %v", s.agent.operations.len(), s.disk)
	}
}

func TestOperationThatCantBeDoneIsDroppedWithTheReason(t *testing.T) {
	s := scene(t)
	s.contains(s.do("reserve uuid=501 id=op resources='cpus:200'"), "operation #501 of F (op) DROPPED on M-S0 #1 \"", "does not contain")
	s.contains(s.do("reserve uuid=500 resources='disk:100'", "create uuid=503 volumes=..:64"), "operation #503 of F DROPPED", "id: ")
	s.contains(s.do("create-disk uuid=502 id=op"), "operation #502 of F (op) DROPPED on M-S0 #2 \"operation CREATE_DISK")
	s.wants(s.do("link-closed", "after 1s", "connected"),
		"at +50ms:", "connect", "to master: reregister M-S0", "  operation #501 DROPPED", "  operation #502 DROPPED",
		"  total cpus:8; mem:4096; disk:924; disk(reservations: [(DYNAMIC,dev,ops)]):100")
}

func TestOperationIsDoneOnce(t *testing.T) {
	s := scene(t, "reserve uuid=501 id=op resources='cpus:2'")
	s.wants(s.do("reserve uuid=501 id=op resources='cpus:2'"))
	s.contains(s.do("link-closed", "after 1s", "connected"), "cpus:6; mem")
}

func TestOperationUpdatesWaitWhileNoMasterIsThere(t *testing.T) {
	s := scene(t, "create uuid=501 id=op volumes=v:64")
	s.do("reserve uuid=500 resources='disk:100'", "volumes-changed uuid=501")
	s.do("create uuid=502 id=op volumes=w:64", "link-closed")
	s.lacks(s.do("volumes-changed uuid=502", "after 1h"), "to master")
	s.contains(s.do("connected", "registered"), "operation #502")
}

func TestOperationUpdateComesWithTheLatestStatus(t *testing.T) {
	// covers: OperationStatusUpdateManagerTest.UpdateLatestWhenResending
	// covers: OperationStatusUpdateManagerTest.UpdateAndAckNonTerminalUpdate
	s := pendingOperation(t)
	s.wants(s.report("501", "601"), "to master: operation #501 of F (op) PENDING on M-S0 #601")
	s.wants(s.do("volumes-changed uuid=501"))
	s.wants(s.do("after 10s"), "at +10s:", "to master: operation #501 of F (op) PENDING on M-S0 #601 latest=FINISHED")
	s.wants(s.do("ack-operation uuid=501 status=601"), "to master: operation #501 of F (op) FINISHED on M-S0 #1")
	s.wants(s.do("after 10s"), "at +10s:", "to master: operation #501 of F (op) FINISHED on M-S0 #1")
}

// pendingOperation is a scene with an operation that waits for its volume.
func pendingOperation(t *testing.T) *stage {
	s := scene(t, "reserve uuid=500 resources='disk:100'")
	s.wants(s.do("create uuid=501 id=op volumes=v:64"), "change volumes for #501: create ,volumes/roles/dev/v")
	return s
}

func TestNonTerminalOperationUpdateThatIsAcknowledgedIsNotRetried(t *testing.T) {
	// covers: OperationStatusUpdateManagerTest.UpdateAndAckNonTerminalUpdate
	s := pendingOperation(t)
	s.report("501", "601")
	s.wants(s.do("ack-operation uuid=501 status=601", "after 1h"))
}

func TestOperationUpdateThatCameBeforeIsIgnored(t *testing.T) {
	// covers: OperationStatusUpdateManagerTest.IgnoreDuplicateUpdate
	// covers: OperationStatusUpdateManagerTest.IgnoreDuplicateUpdateAfterRecover
	s := pendingOperation(t)
	s.report("501", "601")
	s.wants(s.report("501", "601"))
	s.do("ack-operation uuid=501 status=601")
	s.wants(s.report("501", "601"))
	s.do("restart", "start", "connected", "registered")
	s.wants(s.report("501", "601"))
}

func TestSecondAcknowledgementOfAnOperationUpdateIsIgnored(t *testing.T) {
	// covers: OperationStatusUpdateManagerTest.RejectDuplicateAck
	// covers: OperationStatusUpdateManagerTest.RejectDuplicateAckAfterRecover
	s := pendingOperation(t)
	s.report("501", "601")
	s.do("ack-operation uuid=501 status=601")
	s.show["checkpoints"] = true
	s.wants(s.do("ack-operation uuid=501 status=601", "ack-operation uuid=501 status=602", "ack-operation uuid=9 status=601"))
	s.do("restart", "start", "connected", "registered")
	s.wants(s.do("ack-operation uuid=501 status=601"))
	s.contains(s.do("volumes-changed uuid=501"), "FINISHED") // it still gets through
}

func TestOperationsOfAFrameworkThatIsGoneAreForgotten(t *testing.T) {
	// covers: OperationStatusUpdateManagerTest.Cleanup
	s := scene(t, "reserve uuid=501 id=op resources='cpus:2'", "reserve uuid=502 id=op framework=G resources='cpus:2'")
	s.wants(s.do("shutdown-framework framework=F"))
	s.wants(s.do("after 10s"), "at +10s:", "to master: operation #502 of G (op) FINISHED on M-S0 #2")
	s.contains(s.do("link-closed", "after 1s", "connected"), "):4") // what it did stays
}

func TestMessagesWaitForVolumesThatTheyMayCountOn(t *testing.T) {
	s := pendingOperation(t)
	s.wants(s.do("run task=t volume=v:64", "reserve uuid=502 id=op2 resources='cpus:2'", "ping"), "to master: pong")
	s.contains(s.do("volumes-changed uuid=501"), "operation #501 of F (op) FINISHED", "launch container c", "operation #502 of F (op2) FINISHED")
}

func TestMessagesThatWaitAreLostWithTheirConnection(t *testing.T) {
	s := pendingOperation(t)
	s.do("run task=t volume=v:64", "link-closed")
	s.lacks(s.do("volumes-changed uuid=501", "after 1s", "connected", "registered"), "launch")
}

func TestAgentThatCantMakeAVolumeEnds(t *testing.T) {
	s := pendingOperation(t)
	s.contains(s.do("volumes-changed uuid=501 error='no space left on device'"), "stopped: operation 00000000", "no space left on device")
}

func TestTaskOnUnknownReservationIsDropped(t *testing.T) {
	s := scene(t)
	s.contains(s.do("run task=t volume=v:64"), "F/t LOST RESOURCES_UNKNOWN by agent \"Resources of the task that the agent does not have free: ")
}

// An operation may fail here that the master counted on: what it was to make is
// not taken from those who use what looks the same.
func TestTaskOnAReservationThatOthersUseIsDropped(t *testing.T) {
	s := scene(t, "reserve uuid=501 resources='cpus:2'", "run task=a reserved='cpus:2'")
	s.contains(s.do("reserve uuid=502 id=op resources='cpus:20'"), "operation #502 of F (op) DROPPED")
	dropped := `F/b LOST RESOURCES_UNKNOWN by agent "Resources of the task that the agent does not have free: cpus(reservations: [(DYNAMIC,dev,ops)]):1"`
	s.contains(s.do("run task=b reserved='cpus:1'"), dropped)
	s.contains(s.do("run task=b framework=G reserved='cpus:1'"), "RESOURCES_UNKNOWN")
	s.do("ended container=1")
	s.contains(s.do("run task=d reserved='cpus:1'"), "launch container")
	s.contains(s.do("run tasks=e,f executor=E group reserved='cpus:1'"), "F/e LOST RESOURCES_UNKNOWN", "F/f LOST RESOURCES_UNKNOWN")
	s.contains(s.do("shutdown-framework framework=F", "run task=h framework=G reserved='cpus:2'"), "launch container")
}

func TestASharedVolumeIsFreeForAll(t *testing.T) {
	s := scene(t, "reserve uuid=501 resources='disk:64'", "create uuid=502 volumes=v:64 shared", "volumes-changed uuid=502")
	for _, task := range []string{"a", "b"} {
		s.contains(s.do("run task="+task+" volume=v:64 shared"), "launch container")
	}
}

func TestReservationsAndOperationsSurviveARestart(t *testing.T) {
	// covers: OperationStatusUpdateManagerTest.RecoverCheckpointedStream
	// covers: SlaveTest.RetryOperationStatusUpdateAfterRecovery
	// covers: SlaveRecoveryTest.CheckpointedResourcesResourceProviderCapable
	s := scene(t, "reserve uuid=501 id=op resources='cpus:2'", "restart")
	s.wants(s.do("start", "connected"), "connect", "to master: reregister M-S0", "  operation #501 FINISHED",
		"  total cpus:6; mem:4096; disk:1024; cpus(reservations: [(DYNAMIC,dev,ops)]):2")
	s.wants(s.do("registered"), "to master: operation #501 of F (op) FINISHED on M-S0 #1")
	s.wants(s.do("after 10s"), "at +10s:", "to master: operation #501 of F (op) FINISHED on M-S0 #1")
	s.wants(s.do("ack-operation uuid=501 status=1", "after 1h"))
}

func TestVolumeThatWasBeingMadeIsMadeAfterARestart(t *testing.T) {
	s := pendingOperation(t)
	s.contains(s.do("restart", "start"), "change volumes for #501: create ,volumes/roles/dev/v")
	s.contains(s.do("connected"), "operation #501 PENDING", "[v:data]:64")
	s.contains(s.do("registered", "volumes-changed uuid=501"), "operation #501 of F (op) FINISHED")
	s.contains(s.do("destroy uuid=502 id=op volumes=v:64", "restart", "start"), "change volumes for #502: destroy ,volumes/roles/dev/v")
}

func TestUpdateThatHadNotReachedItsStreamDoesAfterARestart(t *testing.T) {
	// covers: OperationStatusUpdateManagerTest.RecoverEmptyFile
	// covers: OperationStatusUpdateManagerTest.RecoverEmptyDirectory
	for _, left := range [][][]byte{nil, {}} { // no file, and one without a record
		s := scene(t, "reserve uuid=501 id=op resources='cpus:2'")
		delete(s.disk, operationUpdatesPath("M-S0", uuid(uuidOf("501"))))
		if left != nil {
			s.disk[operationUpdatesPath("M-S0", uuid(uuidOf("501")))] = left
		}
		s.settings.Strict = true
		s.show["checkpoints"] = true
		s.contains(s.do("restart", "start"), "append U to slaves/M-S0/operations")
		s.contains(s.do("connected", "registered"), "operation #501 of F (op) FINISHED on M-S0 #1")
	}
}

func TestOperationThatWasNotWrittenDownIsNotRecovered(t *testing.T) {
	// covers: OperationStatusUpdateManagerTest.RecoverNotCheckpointedStream
	s := scene(t, "reserve uuid=501 resources='cpus:2'", "restart")
	s.lacks(s.do("start", "connected", "registered", "after 1h"), "operation #501")
}

func TestStreamThatIsOverIsNotRecovered(t *testing.T) {
	// covers: OperationStatusUpdateManagerTest.RecoverTerminatedStream
	s := scene(t, "reserve uuid=501 id=op resources='cpus:2'")
	path := operationUpdatesPath("M-S0", uuid(uuidOf("501")))
	s.disk[path] = append(s.disk[path], append([]byte{acknowledgementRecord}, uuidOf("1")...))
	s.show["checkpoints"] = true
	s.contains(s.do("restart", "start"), "forget slaves/M-S0/operations/00000000-0000-0000-0000-0000000001f5")
	s.lacks(s.do("connected", "registered", "after 1h"), "operation #501")
}

func TestStreamsOfUnknownOperationsAreRemoved(t *testing.T) {
	s := scene(t, "reserve uuid=501 id=op resources='cpus:2'")
	s.disk[operationUpdatesPath("M-S0", uuid(uuidOf("502")))] = [][]byte{{updateRecord}}
	s.show["checkpoints"] = true
	s.contains(s.do("restart", "start"), "forget slaves/M-S0/operations/00000000-0000-0000-0000-0000000001f6")
}

func TestDamagedStreamIsRecoveredAsFarAsItGoes(t *testing.T) {
	// covers: OperationStatusUpdateManagerTest.NonStrictRecoveryCorruptedFile
	// covers: OperationStatusUpdateManagerTest.StrictRecoveryCorruptedFile
	for name, record := range map[string][]byte{
		"no update": append([]byte{updateRecord}, "\xff\xff"...), "no kind": []byte("?"), "nothing": {},
		"an acknowledgement of nothing": append([]byte{acknowledgementRecord}, uuidOf("9")...),
	} {
		s := scene(t, "reserve uuid=501 id=op resources='cpus:2'")
		path := operationUpdatesPath("M-S0", uuid(uuidOf("501")))
		s.disk[path] = append(s.disk[path], record)
		state, err := Recover(s.disk, s.settings)
		if err != nil || len(state.Errors) != 1 {
			t.Errorf("%s: lenient recovery: %v, %v", name, state.Errors, err)
		}
		s.contains(s.do("restart", "start", "connected", "registered"), "operation #501 of F (op) FINISHED on M-S0 #1")
		s.settings.Strict = true
		if _, err := Recover(s.disk, s.settings); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%s: strict recovery: %v", name, err)
		}
	}
}

func TestAnAgentMustBeConfiguredWithWhatIsReserved(t *testing.T) {
	for name, story := range map[string][]string{
		"reservation": {"reserve uuid=501 resources='cpus:8;mem:2048'"},
		"volume":      {"reserve uuid=501 resources='cpus:8;mem:2048;disk:512'", "create uuid=502 volumes=v:512", "volumes-changed uuid=502"},
	} {
		s := scene(t, story...)
		s.disk[bootPath] = [][]byte{[]byte("another boot")}
		with := func(cpus, mem, disk float64) error {
			for i, value := range []float64{cpus, mem, disk} {
				s.settings.Info.Resources[i].Scalar = &mesospb.Value_Scalar{Value: &value}
			}
			_, err := Recover(s.disk, s.settings)
			return err
		}
		// covers: ReservationTest.CompatibleCheckpointedResources
		// covers: ReservationTest.CompatibleCheckpointedResourcesWithPersistentVolumes
		if err := with(12, 2048, 512); err != nil {
			t.Errorf("%s: more of some, less of what is free of others: %v", name, err)
		}
		s.contains(s.do("restart", "start", "connected"), "total cpus:4; ", "(reservations: [(DYNAMIC,dev,ops)]):8")
		// covers: ReservationTest.IncompatibleCheckpointedResources
		if err := with(4, 2048, 512); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%s: less cpus than are reserved: %v", name, err)
		}
	}
}

func TestAnAgentMustBeConfiguredWithTheDisksOfItsVolumes(t *testing.T) {
	// covers: PersistentVolumeTest.IncompatibleCheckpointedResources
	for _, disk := range []string{"", " disk=PATH:/root", " disk=MOUNT:/root"} {
		s := newStage(t, State{})
		s.settings.Info.Resources[2].Disk = nil
		if source := diskSource(arguments{"disk": strings.TrimPrefix(disk, " disk=")}); source != nil {
			s.settings.Info.Resources[2].Disk = &mesospb.Resource_DiskInfo{Source: source}
		}
		s.agent = New(s.settings, State{})
		s.do("start", "connected", "registered", "reserve uuid=501 resources='disk:1024'"+disk,
			"create uuid=502 volumes=v:1024"+disk, "volumes-changed uuid=502")
		if _, err := Recover(s.disk, s.settings); err != nil {
			t.Errorf("disk %q, configured as before: %v", disk, err)
		}
		s.settings.Info.Resources[2].Scalar.Value = new(512.0)
		_, err := Recover(s.disk, s.settings)
		if mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), "configured with less than is reserved or in volumes") {
			t.Errorf("disk %q, a volume larger than the disk: %v", disk, err)
		}
	}
}

func TestReservationsStayWhenTheAgentGetsANewID(t *testing.T) {
	s := scene(t, "reserve uuid=501 id=op resources='cpus:2'")
	delete(s.disk, LatestPath)
	s.wants(s.do("restart", "start", "connected"), "connect",
		"to master: register host with cpus:6; mem:4096; disk:1024; cpus(reservations: [(DYNAMIC,dev,ops)]):2")
	s.lacks(s.do("registered agent=M-S1"), "operation")
}

// operationFiles counts what the disk has of operations.
func (s *stage) operationFiles() int {
	names, _ := s.disk.List("slaves/M-S0/operations")
	return len(names)
}
