package registry

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
)

// backupVersion is of the form of a backup, not of the registry in it.
const backupVersion = 1

// A backup is lines of JSON: a header, one object for each key, and the SHA-256 of
// all lines before.
type (
	backupHeader struct {
		Backup   int       `json:"mesosctl_registry_backup"`
		Version  int       `json:"registry_version"`
		Revision int64     `json:"revision"` // of etcd
		Taken    time.Time `json:"taken"`
		Keys     int       `json:"keys"`
	}
	backupKey struct {
		Key   string `json:"key"` // without the prefix
		Value []byte `json:"value"`
	}
	backupSum struct {
		SHA256 string `json:"sha256"`
	}
)

// Backup is all of the registry at one instant, in the form that Restore takes.
// now is written into it.
func (s *Store) Backup(ctx context.Context, now time.Time) ([]byte, error) {
	keys, revision, err := s.term.client.readAll(ctx)
	if err != nil {
		return nil, mesos.Errorf(mesos.Unavailable, "back the registry up: %w", err)
	}
	version, err := versionOf(keys)
	if err != nil {
		return nil, err
	}
	delete(keys, versionKey)
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	lines := []any{backupHeader{backupVersion, version, revision, now.UTC().Truncate(time.Second), len(keys)}}
	for _, key := range sortedKeys(keys) {
		lines = append(lines, backupKey{key, keys[key]})
	}
	for _, line := range lines {
		if err := encoder.Encode(line); err != nil {
			return nil, mesos.Errorf(mesos.Internal, "back the registry up: %w", err)
		}
	}
	if err := encoder.Encode(backupSum{sum(out.Bytes())}); err != nil {
		return nil, mesos.Errorf(mesos.Internal, "back the registry up: %w", err)
	}
	return out.Bytes(), nil
}

func sum(data []byte) string {
	hash := sha256.Sum256(data)
	return hex.EncodeToString(hash[:])
}

func sortedKeys(keys map[string][]byte) []string {
	sorted := make([]string, 0, len(keys))
	for key := range keys {
		sorted = append(sorted, key)
	}
	slices.Sort(sorted)
	return sorted
}

// Restored says what a restore has put back.
type Restored struct {
	Taken time.Time // when the backup was
	Keys  int
}

// readBackup checks a backup and returns what is in it.
func readBackup(data []byte) (backupHeader, map[string][]byte, error) {
	var header backupHeader
	first, _, _ := bytes.Cut(data, []byte("\n"))
	if json.Unmarshal(first, &header) != nil || header.Backup == 0 {
		return header, nil, mesos.Errorf(mesos.Invalid, "this is not a backup of a registry, as mesosctl registry backup makes it")
	}
	if header.Backup > backupVersion || header.Version > registryVersion {
		return header, nil, mesos.Errorf(mesos.Unsupported, "the backup was made by a newer mesosctl (backup %d, registry %d): restore it with that version",
			header.Backup, header.Version)
	}
	damaged := func(why string, args ...any) (backupHeader, map[string][]byte, error) {
		return header, nil, mesos.Errorf(mesos.Invalid, "the backup is damaged: %s; take another one", fmt.Sprintf(why, args...))
	}
	end := bytes.LastIndexByte(bytes.TrimSuffix(data, []byte("\n")), '\n') + 1
	var check backupSum
	if json.Unmarshal(data[end:], &check) != nil || check.SHA256 == "" {
		return damaged("its end is missing")
	}
	if check.SHA256 != sum(data[:end]) {
		return damaged("its checksum is wrong")
	}
	keys := make(map[string][]byte, header.Keys)
	lines := bufio.NewScanner(bytes.NewReader(data[len(first)+1 : end]))
	lines.Buffer(nil, 4*txnBytes)
	for lines.Scan() {
		var line backupKey
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return damaged("line %d: %v", len(keys)+2, err)
		}
		if line.Value == nil {
			line.Value = []byte{}
		}
		keys[line.Key] = line.Value
	}
	if err := lines.Err(); err != nil {
		return damaged("%v", err)
	}
	if len(keys) != header.Keys {
		return damaged("it holds %d keys instead of %d", len(keys), header.Keys)
	}
	if _, err := master.DecodeRecovered(keys); err != nil {
		return damaged("%v", err)
	}
	return header, keys, nil
}

// CheckBackup tells what a backup would restore, or what is wrong with it.
func CheckBackup(data []byte) (Restored, error) {
	header, keys, err := readBackup(data)
	return Restored{header.Taken, len(keys)}, err
}

// Restore fills an empty registry from a backup, while no master leads. If it is
// interrupted masters refuse the registry, until it is done again. The error's kind
// is Invalid for a backup that can't be used, and Conflict if the registry is in use.
func (c *Client) Restore(ctx context.Context, backup []byte) (Restored, error) {
	header, keys, err := readBackup(backup)
	if err != nil {
		return Restored{}, err
	}
	if err := c.beginRestore(ctx); err != nil {
		return Restored{}, err
	}
	var writes []master.RegistryWrite
	for _, key := range sortedKeys(keys) {
		writes = append(writes, master.RegistryWrite{Key: key, Value: keys[key]})
	}
	for _, ops := range split(writes, c.txnOps) {
		if err := c.unled(ctx, ops); err != nil {
			return Restored{}, err
		}
	}
	return Restored{header.Taken, len(keys)}, c.unled(ctx, []clientv3.Op{
		clientv3.OpPut(prefix+versionKey, versionValue(header.Version)),
		clientv3.OpDelete(prefix + restoringKey),
	})
}

// beginRestore marks the registry, after having made sure that it is empty or
// has been marked before.
func (c *Client) beginRestore(ctx context.Context) error {
	keys, _, err := c.readAll(ctx)
	if err != nil {
		return mesos.Errorf(mesos.Unavailable, "restore registry: %w", err)
	}
	if _, interrupted := keys[restoringKey]; len(keys) > 0 && !interrupted {
		return mesos.Errorf(mesos.Conflict, "restore registry: there is a registry of %d keys already, which a restore does not replace; "+
			"restore into an empty work_dir, or into an etcd without keys below %s", len(keys), prefix)
	}
	if err := c.unled(ctx, []clientv3.Op{clientv3.OpDelete(prefix, clientv3.WithPrefix())}); err != nil {
		return err
	}
	return c.unled(ctx, []clientv3.Op{clientv3.OpPut(prefix+restoringKey, "1")})
}

// unled does a transaction if no master leads.
func (c *Client) unled(ctx context.Context, ops []clientv3.Op) error {
	answer, err := c.etcd.Txn(ctx).If(clientv3.Compare(clientv3.CreateRevision(leaderKey), "=", 0)).Then(ops...).Commit()
	if err != nil {
		return mesos.Errorf(mesos.Unavailable, "restore registry: %w", err)
	}
	if !answer.Succeeded {
		return mesos.Errorf(mesos.Conflict, "restore registry: a master leads; stop all masters first")
	}
	return nil
}
