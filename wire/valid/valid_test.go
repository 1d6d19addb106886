package valid_test

import (
	"testing"

	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/valid"
)

// covers: AgentValidationTest.Environment
// covers: AgentValidationTest.Secret
func TestVariablesHaveAValueOrASecret(t *testing.T) {
	type variable = mesospb.Environment_Variable
	value, secret := mesospb.Environment_Variable_VALUE.Enum(), mesospb.Environment_Variable_SECRET.Enum()
	reference := &mesospb.Secret{Type: mesospb.Secret_REFERENCE.Enum(), Reference: &mesospb.Secret_Reference{Name: new("r")}}
	data := func(b string) *mesospb.Secret {
		return &mesospb.Secret{Type: mesospb.Secret_VALUE.Enum(), Value: &mesospb.Secret_Value{Data: []byte(b)}}
	}
	for name, test := range map[string]struct {
		variable *variable
		valid    bool
	}{
		"value":                    {&variable{Value: new("v")}, true},
		"no value":                 {&variable{}, false},
		"value and secret":         {&variable{Type: value, Value: new("v"), Secret: reference}, false},
		"secret":                   {&variable{Type: secret, Secret: reference}, true},
		"secret value":             {&variable{Type: secret, Secret: data("v")}, true},
		"no secret":                {&variable{Type: secret}, false},
		"secret and value":         {&variable{Type: secret, Secret: reference, Value: new("v")}, false},
		"secret with a null byte":  {&variable{Type: secret, Secret: data("a\x00b")}, false},
		"reference without a name": {&variable{Type: secret, Secret: &mesospb.Secret{Type: mesospb.Secret_REFERENCE.Enum()}}, false},
		"reference with a value":   {&variable{Type: secret, Secret: &mesospb.Secret{Type: mesospb.Secret_REFERENCE.Enum(), Reference: reference.Reference, Value: data("").Value}}, false},
		"value with a reference":   {&variable{Type: secret, Secret: &mesospb.Secret{Type: mesospb.Secret_VALUE.Enum(), Reference: reference.Reference, Value: data("").Value}}, false},
		"value without data":       {&variable{Type: secret, Secret: &mesospb.Secret{Type: mesospb.Secret_VALUE.Enum()}}, false},
		"unknown type":             {&variable{Type: mesospb.Environment_Variable_UNKNOWN.Enum(), Value: new("v")}, false},
	} {
		if err := valid.Variable(test.variable); (err == nil) != test.valid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAVolumeComesFromOnePlace(t *testing.T) {
	// covers: CommonValidationTest.Volume
	source := func(kind mesospb.Volume_Source_Type, change func(*mesospb.Volume_Source)) *mesospb.Volume {
		v := &mesospb.Volume{Source: &mesospb.Volume_Source{Type: kind.Enum()}}
		if change != nil {
			change(v.Source)
		}
		return v
	}
	for name, test := range map[string]struct {
		volume *mesospb.Volume
		valid  bool
	}{
		"nowhere":        {&mesospb.Volume{}, false},
		"host path":      {&mesospb.Volume{HostPath: new("/h")}, true},
		"two places":     {&mesospb.Volume{HostPath: new("/h"), Image: &mesospb.Image{}}, false},
		"sandbox":        {source(mesospb.Volume_Source_SANDBOX_PATH, func(s *mesospb.Volume_Source) { s.SandboxPath = &mesospb.Volume_Source_SandboxPath{} }), true},
		"no sandbox":     {source(mesospb.Volume_Source_SANDBOX_PATH, nil), false},
		"no docker":      {source(mesospb.Volume_Source_DOCKER_VOLUME, nil), false},
		"no host":        {source(mesospb.Volume_Source_HOST_PATH, nil), false},
		"no secret":      {source(mesospb.Volume_Source_SECRET, nil), false},
		"no csi":         {source(mesospb.Volume_Source_CSI_VOLUME, nil), false},
		"unknown source": {source(mesospb.Volume_Source_UNKNOWN, nil), false},
	} {
		if err := valid.Volume(test.volume); (err == nil) != test.valid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
