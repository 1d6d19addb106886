package container

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/mesosctl/mesosctl/internal/whole"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// records are what an agent writes down of its containers for the next one: of
// all that outlive it what sessions in them need; of nested and standalone ones,
// which nobody else remembers, what they are and how they ended. They need not
// survive the machine, for no container does.
//
// Each container has a directory, below that of the one it is nested in.
type records struct{ dir string } // empty: nothing is written

// record is what is known of one container.
type record struct {
	ID         mesos.ContainerID
	Env        []string
	Dir        string
	User       string            `json:",omitempty"`
	Standalone bool              `json:",omitempty"`
	Pause      bool              `json:",omitempty"`
	Outlive    time.Duration     `json:",omitempty"`
	Command    json.RawMessage   `json:",omitempty"`
	Container  json.RawMessage   `json:",omitempty"`
	Resources  []json.RawMessage `json:",omitempty"`
	Limits     map[string]string `json:",omitempty"`
	// Exit is set if it has ended.
	Exit *recordedExit `json:"-"`
}

type recordedExit struct {
	Status  syscall.WaitStatus
	Known   bool
	Reason  mesospb.TaskStatus_Reason `json:",omitempty"`
	Message string                    `json:",omitempty"`
	Limited []json.RawMessage         `json:",omitempty"`
}

const (
	recordFile = "container.json"
	exitFile   = "exit.json"
)

func (r records) path(id mesos.ContainerID) string {
	path := r.dir
	for _, name := range id.Names() {
		path = filepath.Join(path, "containers", name)
	}
	return path
}

// keeps reports whether a container is written down.
func (r records) keeps(c *container) bool { return r.dir != "" && c.spec.Outlive > 0 }

// add writes down a container that is about to be started, and what of its
// environment may be.
func (r records) add(c *container, env []string) error {
	if !r.keeps(c) {
		return nil
	}
	rec := record{ID: c.spec.ID, Env: env, Dir: c.dir}
	err := os.MkdirAll(r.path(c.spec.ID), 0o700)
	if err == nil && (c.parent != nil || c.spec.Standalone) {
		err = rec.fill(&c.spec)
	}
	if err == nil {
		err = write(filepath.Join(r.path(c.spec.ID), recordFile), rec)
	}
	if err != nil {
		return mesos.Errorf(mesos.Internal, "launch: container %s: write it down: %w", c.spec.ID, err)
	}
	return nil
}

// end writes down how a container ended, or removes what is known of it.
func (r records) end(c *container, keep bool) error {
	if !r.keeps(c) {
		return nil
	}
	if !keep {
		return r.remove(c.spec.ID)
	}
	exit := recordedExit{Status: c.exit.Status, Known: c.exit.Known, Reason: c.exit.Reason, Message: c.exit.Message}
	var err error
	if exit.Limited, err = marshalAll(c.exit.Limited); err != nil {
		return err
	}
	err = write(filepath.Join(r.path(c.spec.ID), exitFile), exit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // what it was nested in is gone
	}
	return err
}

// remove removes what is known of a container and all that is nested in it.
func (r records) remove(id mesos.ContainerID) error {
	if r.dir == "" {
		return nil
	}
	return os.RemoveAll(r.path(id))
}

// all are the records of an earlier agent, each after that of the container it is
// nested in. What can't be read is left out.
func (r records) all() ([]*record, error) {
	if r.dir == "" {
		return nil, nil
	}
	return r.below(r.dir, "")
}

func (r records) below(dir string, parent mesos.ContainerID) (list []*record, err error) {
	entries, err := os.ReadDir(filepath.Join(dir, "containers"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		id := mesos.ContainerID(entry.Name())
		if parent != "" {
			id = parent + "." + id
		}
		rec := new(record)
		if !read(filepath.Join(r.path(id), recordFile), rec) || rec.ID != id {
			rec = &record{ID: id}
		}
		if exit := new(recordedExit); read(filepath.Join(r.path(id), exitFile), exit) {
			rec.Exit = exit
		}
		nested, err := r.below(r.path(id), id)
		if err != nil {
			return nil, err
		}
		list = append(append(list, rec), nested...)
	}
	return list, nil
}

// write replaces a file as a whole.
func write(path string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return whole.Replace(path, data, 0o600)
}

func read(path string, value any) bool {
	data, err := os.ReadFile(path)
	return err == nil && json.Unmarshal(data, value) == nil
}

// fill adds what is needed to know the container again.
func (rec *record) fill(spec *Spec) (err error) {
	rec.User, rec.Standalone, rec.Pause, rec.Outlive = spec.User, spec.Standalone, spec.Pause, spec.Outlive
	if spec.Command != nil {
		if rec.Command, err = wire.MarshalJSON(convert.WithoutSecrets(spec.Command)); err != nil {
			return err
		}
	}
	if spec.Container != nil {
		if rec.Container, err = wire.MarshalJSON(convert.WithoutSecrets(spec.Container)); err != nil {
			return err
		}
	}
	for name, limit := range spec.Limits {
		if rec.Limits == nil {
			rec.Limits = map[string]string{}
		}
		rec.Limits[name] = strconv.FormatFloat(limit.GetValue(), 'g', -1, 64) // JSON has no infinity
	}
	rec.Resources, err = marshalAll(spec.Resources)
	return err
}

// spec is the spec of a nested or a standalone container.
func (rec *record) spec() (Spec, error) {
	spec := Spec{ID: rec.ID, User: rec.User, Standalone: rec.Standalone, Pause: rec.Pause, Outlive: rec.Outlive}
	if rec.Command != nil {
		spec.Command = new(mesospb.CommandInfo)
		if err := wire.UnmarshalJSON(rec.Command, spec.Command); err != nil {
			return spec, err
		}
	}
	if rec.Container != nil {
		spec.Container = new(mesospb.ContainerInfo)
		if err := wire.UnmarshalJSON(rec.Container, spec.Container); err != nil {
			return spec, err
		}
	}
	for name, limit := range rec.Limits {
		if spec.Limits == nil {
			spec.Limits = map[string]*mesospb.Value_Scalar{}
		}
		value, err := strconv.ParseFloat(limit, 64)
		if err != nil {
			return spec, err
		}
		spec.Limits[name] = &mesospb.Value_Scalar{Value: &value}
	}
	var err error
	spec.Resources, err = unmarshalAll(rec.Resources)
	return spec, err
}

// exit is how the container ended.
func (e *recordedExit) exit() (Exit, error) {
	limited, err := unmarshalAll(e.Limited)
	return Exit{Status: e.Status, Known: e.Known, Reason: e.Reason, Message: e.Message, Limited: limited}, err
}

func marshalAll(resources []*mesospb.Resource) ([]json.RawMessage, error) {
	list := make([]json.RawMessage, len(resources))
	for i, resource := range resources {
		var err error
		if list[i], err = wire.MarshalJSON(resource); err != nil {
			return nil, err
		}
	}
	return slices.Clip(list), nil
}

func unmarshalAll(list []json.RawMessage) ([]*mesospb.Resource, error) {
	var resources []*mesospb.Resource
	for _, data := range list {
		resource := new(mesospb.Resource)
		if err := wire.UnmarshalJSON(data, resource); err != nil {
			return nil, fmt.Errorf("resource: %w", err)
		}
		resources = append(resources, resource)
	}
	return resources, nil
}
