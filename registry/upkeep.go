package registry

import (
	"context"
	"slices"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/mesosctl/mesosctl/mesos"
)

// defragmentBytes is how much of the database file must be free, and half of it,
// before it is worth to write it anew: the member serves nobody meanwhile.
const defragmentBytes = 64 << 20

// Sizes are of a member's database file.
type Sizes struct {
	File int64 // bytes on disk
	Used int64 // bytes of these that hold data
}

// Sizes are those of this member now.
func (e *Embedded) Sizes() Sizes {
	backend := e.etcd.Server.Backend()
	return Sizes{backend.Size(), backend.SizeInUse()}
}

// Maintain keeps the member's database small: it is to be called now and then.
// etcd itself forgets old revisions; this writes the file anew when much of it is
// free, and brings back a member that refuses writes because the file had grown
// to its quota.
func (e *Embedded) Maintain(ctx context.Context) error {
	full := slices.ContainsFunc(e.etcd.Server.Alarms(), func(alarm *etcdserverpb.AlarmMember) bool {
		return alarm.Alarm == etcdserverpb.AlarmType_NOSPACE && alarm.MemberID == uint64(e.etcd.Server.MemberID())
	})
	if full {
		if err := e.forgetHistory(ctx); err != nil {
			return err
		}
	}
	sizes := e.Sizes()
	if free := sizes.File - sizes.Used; full || free > defragmentBytes && free > sizes.File/2 {
		if err := e.defragment(ctx); err != nil {
			return err
		}
	}
	if !full {
		return nil
	}
	_, err := e.client.etcd.AlarmDisarm(ctx, &clientv3.AlarmMember{
		MemberID: uint64(e.etcd.Server.MemberID()), Alarm: etcdserverpb.AlarmType_NOSPACE,
	})
	if err != nil {
		return mesos.Errorf(mesos.Unavailable, "maintain etcd: take writes again: %w", err)
	}
	e.log.Warn("etcd takes writes again; its database had grown to the quota", "quota_bytes", e.config.quota())
	return nil
}

func (e *Embedded) forgetHistory(ctx context.Context) error {
	now, err := e.client.etcd.Get(ctx, leaderKey, clientv3.WithKeysOnly())
	if err == nil {
		_, err = e.client.etcd.Compact(ctx, now.Header.Revision, clientv3.WithCompactPhysical())
	}
	if err != nil {
		return mesos.Errorf(mesos.Unavailable, "maintain etcd: forget old revisions: %w", err)
	}
	return nil
}

// defragment writes the database file anew. Another member leads etcd meanwhile,
// if there is one.
func (e *Embedded) defragment(ctx context.Context) error {
	if err := e.StepAside(ctx); err != nil {
		return err
	}
	before := e.Sizes().File
	if err := e.etcd.Server.Defragment(); err != nil {
		return mesos.Errorf(mesos.Internal, "maintain etcd: write its database anew: %w", err)
	}
	e.log.Info("etcd's database was written anew", "bytes_before", before, "bytes", e.Sizes().File)
	return nil
}
