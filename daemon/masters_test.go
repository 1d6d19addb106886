//go:build !windows

package daemon

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/httpapi"
	"github.com/mesosctl/mesosctl/internal/ports"
	"github.com/mesosctl/mesosctl/link"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/members"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// Several masters: https://mesos.apache.org/documentation/latest/high-availability/.

// freeMasters are addresses whose ports were free a moment ago.
func freeMasters(t *testing.T, n int) (list []members.Address) {
	t.Helper()
	free, err := ports.Free("127.0.0.1", 2*n)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		list = append(list, members.Address{Host: "127.0.0.1", Port: free[i], PeerPort: free[n+i]})
	}
	return list
}

// masterConfig is that of one of several masters on this machine.
func masterConfig(t *testing.T, self members.Address, all []members.Address, workDir string) MasterConfig {
	cfg := localConfig(t).Master
	cfg.Log = cfg.Log.With("master", self.Port)
	cfg.Port, cfg.Masters, cfg.WorkDir = self.Port, all, workDir
	return cfg
}

func startMaster(t *testing.T, cfg MasterConfig) *Master {
	t.Helper()
	m, err := StartMaster(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil && mesos.KindOf(err) != mesos.Gone {
			t.Errorf("close: %v", err)
		}
	})
	return m
}

// startMasters starts several masters and returns their addresses too.
func startMasters(t *testing.T, n int) ([]*Master, []members.Address) {
	t.Helper()
	all := freeMasters(t, n)
	var masters []*Master
	for _, self := range all {
		masters = append(masters, startMaster(t, masterConfig(t, self, all, t.TempDir())))
	}
	return masters, all
}

// led waits until a master has led.
func led(t *testing.T, m *Master) {
	t.Helper()
	select {
	case <-m.Led():
	case <-m.Ended():
		t.Fatalf("it ended: %v", m.Wait())
	case <-time.After(time.Minute):
		t.Fatal("it does not lead")
	}
}

// eventually waits until what is asked for is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// leaderOf waits until exactly one of the masters leads and the others know it.
func leaderOf(t *testing.T, masters []*Master) (leader *Master, standbys []*Master) {
	t.Helper()
	eventually(t, "one master leads and all know it", func() bool {
		leader, standbys = nil, nil
		for _, m := range masters {
			if m.term.Load() != nil {
				if leader != nil {
					return false
				}
				leader = m
			} else {
				standbys = append(standbys, m)
			}
		}
		if leader == nil {
			return false
		}
		for _, m := range standbys {
			if info := (leadership{m}).Leader(); info == nil || httpapi.Address(info) != leader.Address() {
				return false
			}
		}
		return true
	})
	return leader, standbys
}

func agentOf(t *testing.T, masters []members.Address) *Agent {
	t.Helper()
	cfg := localConfig(t).Agent
	cfg.WorkDir = t.TempDir()
	for _, m := range masters {
		cfg.Masters = append(cfg.Masters, m.String())
	}
	a, err := StartAgent(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Errorf("close agent: %v", err)
		}
	})
	return a
}

// activeAgents is how many agents a leader counts as registered and active.
func activeAgents(t *testing.T, m *Master) (n int) {
	resp, err := http.Get("http://" + m.Address() + "/slaves")
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	var answer struct {
		Slaves []struct {
			Active bool `json:"active"`
		} `json:"slaves"`
	}
	if json.NewDecoder(resp.Body).Decode(&answer) != nil {
		return 0
	}
	for _, agent := range answer.Slaves {
		if agent.Active {
			n++
		}
	}
	return n
}

func TestTheNextMasterTakesOver(t *testing.T) {
	// covers: ZooKeeperMasterContenderDetectorTest.MasterContenders
	// covers: ZooKeeperMasterContenderDetectorTest.MasterDetectorUsesJson
	// covers: BasicMasterContenderDetectorTest.Detector
	masters, all := startMasters(t, 3)
	first, standbys := leaderOf(t, masters)
	agent := agentOf(t, all)
	<-agent.Registered()
	scheduler := subscribe(t, standbys[0].Address()) // which sends it to the leader
	offer := scheduler.next(schedulerpb.Event_OFFERS).GetOffers().GetOffers()[0]
	if activeAgents(t, first) != 1 {
		t.Error("the agent is not with the leader")
	}

	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	second, _ := leaderOf(t, standbys)
	t.Logf("the next leader was there %v after the first had ended", time.Since(began))
	if second == first || second.term.Load().number <= uint64(1) {
		t.Errorf("term %d", second.term.Load().number)
	}
	eventually(t, "the agent is with the next leader", func() bool { return activeAgents(t, second) == 1 })
	again := subscribeAs(t, second.Address(), scheduler.id)
	offered := again.next(schedulerpb.Event_OFFERS).GetOffers().GetOffers()[0]
	if offered.GetAgentId().GetValue() != offer.GetAgentId().GetValue() {
		t.Errorf("the agent was %s and is %s", offer.GetAgentId(), offered.GetAgentId())
	}
}

func TestALeaderThatLosesItsTermStandsByAndLeadsAgain(t *testing.T) {
	// covers: MasterTest.MasterLost
	// covers: MasterTest.MasterInfoOnReElection
	// covers: FaultToleranceTest.SlaveReregisterOnZKExpiration
	// covers: ZooKeeperMasterContenderDetectorTest.MasterContender
	// covers: BasicMasterContenderDetectorTest.Contender
	l := startLocal(t)
	m := l.master
	if err := l.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	scheduler := subscribe(t, m.Address())
	scheduler.next(schedulerpb.Event_OFFERS)
	before := m.term.Load()

	if err := m.client.Load().Depose(t.Context(), int64(before.number)); err != nil {
		t.Fatal(err)
	}
	for { // the scheduler is told by the end of its stream
		if _, err := scheduler.events.Next(); err != nil {
			break
		}
	}
	eventually(t, "it leads again", func() bool { t := m.term.Load(); return t != nil && t.number > before.number })
	again := subscribeAs(t, m.Address(), scheduler.id)
	info := again.subscribed.GetMasterInfo()
	if httpapi.Address(info) != m.Address() || info.GetVersion() != MesosVersion || info.GetPort() != uint32(m.address.port) {
		t.Errorf("the leader calls itself %v", info)
	}
	again.next(schedulerpb.Event_OFFERS) // of the agent, which has come back
}

func TestTheLeaderTellsItsAddress(t *testing.T) {
	// covers: MasterZooKeeperTest.MasterInfoAddress
	// covers: BasicMasterContenderDetectorTest.MasterInfo
	masters, _ := startMasters(t, 3)
	leader, standbys := leaderOf(t, masters)
	address := standbys[0].leader.Load().Info.GetAddress()
	if address.GetIp() != "127.0.0.1" || int(address.GetPort()) != leader.address.port || address.GetHostname() != leader.address.hostname {
		t.Errorf("a standby knows the leader by %v", address)
	}
	told := subscribe(t, leader.Address()).subscribed.GetMasterInfo().GetAddress()
	if !proto.Equal(told, address) {
		t.Errorf("a scheduler is told %v, not %v", told, address)
	}
	var news link.News
	resp, err := http.Get("http://" + standbys[1].Address() + link.HeraldPath)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&news); err != nil {
		t.Fatal(err)
	}
	if want := (link.News{Leader: leader.Address(), Term: leader.term.Load().number}); news != want {
		t.Errorf("a standby tells %+v, not %+v", news, want)
	}
}

func TestWithoutAMajorityNobodyLeads(t *testing.T) {
	// covers: MasterZooKeeperTest.LostZooKeeperCluster
	masters, all := startMasters(t, 3)
	leader, standbys := leaderOf(t, masters)
	agent := agentOf(t, all)
	<-agent.Registered()
	scheduler := subscribe(t, leader.Address())
	for _, m := range standbys {
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for { // the leader ends its term by itself
		if _, err := scheduler.events.Next(); err != nil {
			break
		}
	}
	eventually(t, "the last master does not lead", func() bool { return leader.term.Load() == nil })
	resp, err := http.Get("http://" + leader.Address() + "/state")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("it answers %s", resp.Status)
	}
	select {
	case <-leader.Ended():
		t.Error("it has ended: ", leader.Wait())
	default:
	}
}

func TestMastersAreAddedAndReplaced(t *testing.T) {
	all := freeMasters(t, 3)
	dirs := []string{t.TempDir(), t.TempDir(), t.TempDir()}
	alone := masterConfig(t, all[0], nil, dirs[0])
	single := startMaster(t, alone)
	led(t, single)
	ctx := t.Context()
	if _, err := (control{single}).AddMember(ctx, all[1]); mesos.KindOf(err) != mesos.Conflict || !strings.Contains(err.Error(), "--masters=") {
		t.Errorf("a master that can't be reached adds one: %v", err)
	}
	if err := single.Close(); err != nil {
		t.Fatal(err)
	}

	// One becomes three.
	first := startMaster(t, masterConfig(t, all[0], all, dirs[0]))
	led(t, first)
	if _, err := StartMaster(ctx, masterConfig(t, all[1], all, dirs[1])); mesos.KindOf(err) != mesos.Conflict || !strings.Contains(err.Error(), "member add "+all[1].String()) {
		t.Fatalf("a master that was not added starts: %v", err)
	}
	masters := []*Master{first}
	for i := 1; i < 3; i++ {
		if _, err := (control{first}).AddMember(ctx, all[i]); err != nil {
			t.Fatal(err)
		}
		added := startMaster(t, masterConfig(t, all[i], all, dirs[i]))
		masters = append(masters, added)
		eventually(t, "the added master counts", func() bool { return voters(first) == i+1 })
	}
	leader, _ := leaderOf(t, masters)
	if leader != first {
		t.Errorf("adding masters moved the leadership")
	}

	// One that has lost its data is replaced.
	lost := masters[2]
	if err := lost.Close(); err != nil {
		t.Fatal(err)
	}
	empty := masterConfig(t, all[2], all, t.TempDir())
	if _, err := StartMaster(ctx, empty); mesos.KindOf(err) != mesos.Conflict || !strings.Contains(err.Error(), "member remove "+all[2].String()) {
		t.Fatalf("a master without its data starts: %v", err)
	}
	if removed, err := (control{first}).RemoveMember(ctx, all[2].String()); err != nil || removed.Name != all[2].String() {
		t.Fatalf("removed %v, %v", removed, err)
	}
	if _, err := (control{first}).AddMember(ctx, all[2]); err != nil {
		t.Fatal(err)
	}
	startMaster(t, empty)
	eventually(t, "the replaced master counts", func() bool { return voters(first) == 3 })

	// The data of the removed one is of no use any more.
	stale, err := StartMaster(ctx, masterConfig(t, freeMasters(t, 1)[0], nil, dirs[2]))
	if mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), "--masters") {
		t.Errorf("a member started as if it were alone: %v, %v", stale, err)
	}
}

func voters(m *Master) (n int) {
	for _, member := range m.etcd.Load().Membership().Members {
		if member.Started && !member.Learner {
			n++
		}
	}
	return n
}

func TestARemovedMasterEnds(t *testing.T) {
	masters, _ := startMasters(t, 3)
	leader, standbys := leaderOf(t, masters)
	if _, err := (control{leader}).RemoveMember(t.Context(), standbys[0].etcd.Load().Membership().Self); err != nil {
		t.Fatal(err)
	}
	<-standbys[0].Ended()
	if err := standbys[0].Wait(); mesos.KindOf(err) != mesos.Gone || !strings.Contains(err.Error(), "member add") {
		t.Errorf("it ended with %v", err)
	}
}

func TestAMasterThatIsNotAmongTheMastersIsRefused(t *testing.T) {
	all := freeMasters(t, 4)
	_, err := StartMaster(t.Context(), masterConfig(t, all[3], all[:3], t.TempDir()))
	if mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), "none of") || !strings.Contains(err.Error(), all[3].String()) {
		t.Errorf("it starts: %v", err)
	}
}

func TestMastersOfTwoClustersAreRefused(t *testing.T) {
	all := freeMasters(t, 2)
	dir := t.TempDir()
	single := startMaster(t, masterConfig(t, all[0], nil, dir))
	led(t, single)
	if err := single.Close(); err != nil {
		t.Fatal(err)
	}
	startMaster(t, masterConfig(t, all[1], all, t.TempDir())) // while the first is down it can't know
	_, err := StartMaster(t.Context(), masterConfig(t, all[0], all, dir))
	if mesos.KindOf(err) != mesos.Conflict || !strings.Contains(err.Error(), "another cluster") {
		t.Errorf("it starts: %v", err)
	}
}

func TestABackupIsRestored(t *testing.T) {
	cfg := localConfig(t)
	l, err := StartLocal(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	backup, err := (control{l.master}).Backup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	to := RestoreConfig{WorkDir: filepath.Join(t.TempDir(), "new"), Log: testLog(t)}
	if restored, err := RestoreRegistry(t.Context(), to, backup); err != nil || restored.Keys == 0 {
		t.Fatalf("restored %+v, %v", restored, err)
	}
	if _, err := RestoreRegistry(t.Context(), to, backup); mesos.KindOf(err) != mesos.Conflict {
		t.Errorf("restored over a registry: %v", err)
	}
	master := cfg.Master
	master.WorkDir = to.WorkDir
	m := startMaster(t, master)
	led(t, m)
	eventually(t, "the agent is known", func() bool {
		_, recovered, _ := strings.Cut(getText(t, m, "/slaves"), "recovered_slaves")
		return strings.Contains(recovered, strconv.Itoa(l.agents[0].address.port))
	})
}

func getText(t *testing.T, m *Master, path string) string {
	t.Helper()
	resp, err := http.Get("http://" + m.Address() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
