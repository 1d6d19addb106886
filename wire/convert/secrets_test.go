package convert_test

import (
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func TestWithoutSecrets(t *testing.T) {
	const password = "correct horse"
	value := &mesospb.Secret{Type: mesospb.Secret_VALUE.Enum(), Value: &mesospb.Secret_Value{Data: []byte(password)}}
	reference := &mesospb.Secret{Type: mesospb.Secret_REFERENCE.Enum(), Reference: &mesospb.Secret_Reference{Name: new("db")}}
	command := &mesospb.CommandInfo{Environment: &mesospb.Environment{Variables: []*mesospb.Environment_Variable{
		{Name: new("PLAIN"), Value: new("yes")}, {Name: new("A"), Secret: value}, {Name: new("B"), Secret: reference},
	}}}
	image := &mesospb.Image{Type: mesospb.Image_DOCKER.Enum(), Docker: &mesospb.Image_Docker{Name: new("x"), Config: value}}
	container := &mesospb.ContainerInfo{
		Mesos: &mesospb.ContainerInfo_MesosInfo{Image: image},
		Volumes: []*mesospb.Volume{
			{Source: &mesospb.Volume_Source{Secret: value}}, {Image: image},
		},
	}
	for name, task := range map[string]*mesospb.TaskInfo{
		"command":   {Command: command},
		"container": {Container: container},
		"executor":  {Executor: &mesospb.ExecutorInfo{Command: command, Container: container}},
	} {
		whole := task.CloneVT()
		if got := convert.WithoutSecrets(task).String(); !strings.Contains(whole.String(), password) || strings.Contains(got, password) {
			t.Errorf("%s: %s", name, got)
		}
		if !task.EqualVT(whole) {
			t.Errorf("%s: the message itself has changed", name)
		}
	}
	got := convert.WithoutSecrets(command).GetEnvironment().GetVariables()
	if got[0].GetValue() != "yes" || got[1].GetSecret().GetValue() == nil || got[2].GetSecret().GetReference().GetName() != "db" {
		t.Errorf("too much is gone: %v", got)
	}
	plain := &mesospb.TaskInfo{HealthCheck: &mesospb.HealthCheck{Command: command}}
	if convert.WithoutSecrets(plain) != plain {
		t.Error("a message without secrets, but for those of its check, was copied")
	}
}
