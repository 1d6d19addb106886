package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/members"
)

// Control is the cluster that the masters form among themselves, and what it keeps.
type Control interface {
	// Membership is that cluster as this master knows it. The error's kind is
	// Unsupported if masters form none, and Unavailable if this one is starting.
	Membership() (members.Membership, error)
	// AddMember adds a master, which can then join. RemoveMember removes the one of
	// an address or ID. Both answer with the member.
	AddMember(ctx context.Context, address members.Address) (members.Member, error)
	RemoveMember(ctx context.Context, member string) (members.Member, error)
	// Backup is all of the registry, in the form that a restore takes.
	Backup(ctx context.Context) ([]byte, error)
}

// maxAddressBytes bounds an address that an operator names.
const maxAddressBytes = 1 << 10

// membersHandler serves /mesosctl/members, an endpoint of this project's own: GET
// lists, at any master; POST ?address=HOST:PORT adds and DELETE
// ?member=ADDRESS-OR-ID removes, at the leader.
func (m *Master) membersHandler() http.Handler {
	// Masters ask each other before they know anybody, and where masters are is no
	// more than /redirect tells: so everybody may ask.
	list := http.HandlerFunc(m.listMembers)
	add := m.in(m.readwrite, RequireLeader(m.Leadership, http.HandlerFunc(m.addMember)))
	remove := m.in(m.readwrite, RequireLeader(m.Leadership, http.HandlerFunc(m.removeMember)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !allow(w, r, http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete):
		case r.Method == http.MethodPost:
			add.ServeHTTP(w, r)
		case r.Method == http.MethodDelete:
			remove.ServeHTTP(w, r)
		default:
			list.ServeHTTP(w, r)
		}
	})
}

func (m *Master) listMembers(w http.ResponseWriter, _ *http.Request) {
	membership, err := m.Control.Membership()
	respond(w, membership, err)
}

func (m *Master) addMember(w http.ResponseWriter, r *http.Request) {
	text := r.URL.Query().Get("address")
	if len(text) > maxAddressBytes {
		refuse(w, mesos.Errorf(mesos.TooLarge, "add member: the address is over %d bytes", maxAddressBytes))
		return
	}
	address, err := members.ParseAddress(text, members.DefaultPort)
	if err != nil {
		refuse(w, mesos.Errorf(mesos.Invalid, "add member: %w", err))
		return
	}
	member, err := m.Control.AddMember(r.Context(), address)
	respond(w, member, err)
}

func (m *Master) removeMember(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("member")
	if name == "" || len(name) > maxAddressBytes {
		refuse(w, mesos.Errorf(mesos.Invalid, "remove member: name it by its address or ID, as in ?member=host:5050"))
		return
	}
	member, err := m.Control.RemoveMember(r.Context(), name)
	respond(w, member, err)
}

// registry serves GET /mesosctl/registry, an endpoint of this project's own: a
// backup of the registry, from the leader.
func (m *Master) registry(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodGet) {
		return
	}
	backup, err := m.Control.Backup(r.Context())
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(backup)))
	w.Write(backup) //nolint:errcheck // the client is gone
}

// respond answers with a value as JSON, or with an error.
func respond(w http.ResponseWriter, value any, err error) {
	var body []byte
	if err == nil {
		body, err = json.Marshal(value)
	}
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(body, '\n')) //nolint:errcheck // the client is gone
}
