package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/members"
	"github.com/mesosctl/mesosctl/registry"
)

// membersPath is where masters tell each other, and operators, of their cluster.
const membersPath = "/mesosctl/members"

// surveyTimeout bounds how long a master that starts waits for what others know.
const surveyTimeout = 2 * time.Second

// formation is how a master's etcd member comes into a cluster: it restarts, is
// one of those that form a new one, or was added to one that runs.
type formation struct {
	self    members.Address
	masters []members.Address // of --masters, this one included; empty for a master alone
	hasData bool
	// known is what the other masters that answered say of their cluster.
	known map[string]members.Membership
}

// form finds out what the member of this master is to be told.
func (m *Master) form(ctx context.Context) (formation, error) {
	f := formation{masters: m.cfg.Masters, hasData: registry.HasData(m.etcdDir())}
	if len(f.masters) == 0 {
		return f, nil
	}
	var err error
	if f.self, err = m.self(ctx); err != nil {
		return f, err
	}
	f.known = survey(ctx, f.others())
	return f, nil
}

func (m *Master) etcdDir() string { return filepath.Join(m.cfg.WorkDir, "etcd") }

func (f *formation) others() []members.Address {
	return slices.DeleteFunc(slices.Clone(f.masters), func(a members.Address) bool { return a == f.self })
}

// self finds this master in --masters.
func (m *Master) self(ctx context.Context) (members.Address, error) {
	var found []members.Address
	for _, a := range m.cfg.Masters {
		if a.Port == m.address.port && m.isHere(ctx, a.Host) {
			found = append(found, a)
		}
	}
	if len(found) != 1 {
		which := "none"
		if len(found) > 1 {
			which = "more than one"
		}
		return members.Address{}, mesos.Errorf(mesos.Invalid,
			"--masters: %s of %s is this master, which others reach at %s; make them agree (--ip, --port, --advertise_ip, --advertise_port)",
			which, addresses(m.cfg.Masters), m.address)
	}
	return found[0], nil
}

// isHere tells if a host's name or address is this master's.
func (m *Master) isHere(ctx context.Context, host string) bool {
	if host == m.address.ip || host == m.address.hostname {
		return true
	}
	if net.ParseIP(host) != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, surveyTimeout)
	defer cancel()
	found, err := net.DefaultResolver.LookupHost(ctx, host)
	return err == nil && slices.Contains(found, m.address.ip)
}

func addresses(list []members.Address) string {
	texts := make([]string, len(list))
	for i, a := range list {
		texts[i] = a.String()
	}
	return strings.Join(texts, ",")
}

// survey asks masters for what they know of their cluster. Who does not answer
// is not up yet, or no longer.
func survey(ctx context.Context, masters []members.Address) map[string]members.Membership {
	ctx, cancel := context.WithTimeout(ctx, surveyTimeout)
	defer cancel()
	var (
		mu    sync.Mutex
		known = map[string]members.Membership{}
		asked sync.WaitGroup
	)
	for _, a := range masters {
		asked.Go(func() {
			membership, err := askMembers(ctx, a.String())
			if err != nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			known[a.String()] = membership
		})
	}
	asked.Wait()
	return known
}

func askMembers(ctx context.Context, address string) (known members.Membership, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+membersPath, nil)
	if err != nil {
		return known, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return known, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return known, fmt.Errorf("%s", response.Status)
	}
	return known, json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&known)
}

// config is what the member is told. The error is of kind Conflict if what other
// masters know speaks against this one's joining them.
func (m *Master) memberConfig(f *formation) (registry.EmbeddedConfig, error) {
	cfg := registry.EmbeddedConfig{
		Dir: m.etcdDir(), Fast: m.cfg.EtcdFast, QuotaBytes: int64(m.cfg.EtcdQuota), Logger: m.log,
	}
	if len(f.masters) == 0 {
		return cfg, nil
	}
	bound := m.address.listener.Addr().(*net.TCPAddr)
	cfg.Name = f.self.String()
	cfg.ListenPeer = []string{"http://" + net.JoinHostPort(bound.IP.String(), strconv.Itoa(f.self.PeerPort))}
	cfg.AdvertisePeer = f.self.PeerURL()
	cfg.AdvertiseClient = "http://" + f.self.String() // where the master is, for the list of members
	var initial []string
	for _, a := range f.masters {
		initial = append(initial, a.String()+"="+a.PeerURL())
	}
	if !f.hasData {
		known, err := f.toJoin()
		if err != nil {
			return cfg, err
		}
		if known != nil {
			cfg.Join = true
			initial = f.existing(*known)
		}
	}
	cfg.InitialCluster = strings.Join(initial, ",")
	return cfg, nil
}

// toJoin is the cluster that this master, which has no data, was added to; if
// neither that nor an error, it is one of those that form a new one. What some
// masters know may be a little old: one that knows of the addition is right.
func (f *formation) toJoin() (*members.Membership, error) {
	var refused error
	forming := false
	for host, known := range f.known {
		at := slices.IndexFunc(known.Members, func(m members.Member) bool { return m.Peer == f.self.PeerURL() })
		switch {
		case at < 0:
			refused = mesos.Errorf(mesos.Conflict, "the master %s is of a cluster that this one (%s) is not a member of; "+
				"add it first: mesosctl master member add %s --master=%s", host, f.self, f.text(), host)
		case known.Members[at].Started:
			refused = mesos.Errorf(mesos.Conflict, "the cluster of the master %s knows this one (%s), but its work_dir holds none of its data; "+
				"replace it: mesosctl master member remove %s --yes --master=%s, then member add %s, then start it again",
				host, f.self, f.self, host, f.text())
		case known.Members[at].Learner:
			return &known, nil
		default:
			forming = true
		}
	}
	if forming {
		return nil, nil
	}
	return nil, refused
}

// text is this master's address as --masters has it.
func (f *formation) text() string {
	if f.self.PeerPort == f.self.Port+members.PeerOffset {
		return f.self.String()
	}
	return f.self.String() + "/" + strconv.Itoa(f.self.PeerPort)
}

// existing is the members of a running cluster as etcd wants them named.
func (f *formation) existing(known members.Membership) []string {
	var initial []string
	for _, member := range known.Members {
		name := member.Name
		switch {
		case member.Peer == f.self.PeerURL():
			name = f.self.String()
		case name == "":
			name = member.ID
		}
		initial = append(initial, name+"="+member.Peer)
	}
	return initial
}

// check holds the member, once it has opened its data, against what was found.
func (f *formation) check(mine members.Membership) error {
	if len(f.masters) == 0 {
		if n := len(mine.Members); n > 1 {
			return mesos.Errorf(mesos.Invalid, "this master is one of %d; name them all with --masters=HOST:PORT,...", n)
		}
		return nil
	}
	for host, known := range f.known {
		if known.Cluster != mine.Cluster {
			return mesos.Errorf(mesos.Conflict, "the master %s is of another cluster (%s) than the data of this one (%s); "+
				"one of them has to start with an empty work_dir, and be added: mesosctl master member add", host, known.Cluster, mine.Cluster)
		}
	}
	return nil
}
