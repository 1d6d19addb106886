package machine

import (
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
)

func TestWhatTheFlagNamesWinsAndTheRestIsDiscovered(t *testing.T) {
	big := Hardware{CPUs: 4, MemBytes: 8 * gib, DiskBytes: 100 * gib}
	for _, c := range []struct {
		name, flag, role string
		hardware         Hardware
		want             string
	}{
		{"all discovered", "", "*", big, "cpus:4;mem:7168;disk:97280;ports:[31000-32000]"},
		{"little memory and disk are halved", "", "", Hardware{CPUs: 1, MemBytes: gib, DiskBytes: 4 * gib},
			"cpus:1;mem:512;disk:2048;ports:[31000-32000]"},
		{"nothing could be measured", "", "*", Hardware{}, "cpus:1;mem:1024;disk:10240;ports:[31000-32000]"},
		{"the flag wins", "cpus:2;mem:100", "*", big, "cpus:2;mem:100;disk:97280;ports:[31000-32000]"},
		{"named with 0 is none", "cpus:0;ports:[1-2]", "*", big, "mem:7168;disk:97280;ports:[1-2]"},
		{"named for a role only", "cpus(web):1", "*", big, "cpus(web):1;mem:7168;disk:97280;ports:[31000-32000]"},
		{"other resources are added", "bananas:3", "*", big,
			"bananas:3;cpus:4;mem:7168;disk:97280;ports:[31000-32000]"},
		{"as JSON", `[{"name":"cpus","type":"SCALAR","scalar":{"value":3}},{"name":"disk","type":"SCALAR","scalar":{"value":0}}]`,
			"*", big, "cpus:3;mem:7168;ports:[31000-32000]"},
		// covers: ContainerizerResourcesTest.AutoResources
		{"names that have others in them", "my.cpus:1000;cpus-suffix:3;memory(mem):1024;things:{mem,disk,ports};diskports:[30000-35000]", "*", big,
			"my.cpus:1000;cpus-suffix:3;memory(mem):1024;things:{mem,disk,ports};diskports:[30000-35000];" +
				"cpus:4;mem:7168;disk:97280;ports:[31000-32000]"},
		// covers: ContainerizerResourcesTest.AutoResourcesZero
		{"all named with 0", "other:1;cpus:0;mem(*):0;disk:0;ports:[]", "*", big, "other:1"},
		// covers: ContainerizerResourcesTest.AutoResourcesNonZero
		{"all named", "cpus:2;mem(*):1024;disk:4096;ports:[30000-35000]", "*", big, "cpus:2;mem:1024;disk:4096;ports:[30000-35000]"},
		{"the default role gets all", "cpus:2", "web", big,
			"cpus(web):2;mem(web):7168;disk(web):97280;ports(web):[31000-32000]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Resources(c.flag, c.role, c.hardware)
			if err != nil {
				t.Fatal(err)
			}
			if want := resources.MustParse(c.want); !got.Equal(want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestWrongResourcesFlagIsRefusedByName(t *testing.T) {
	_, err := Resources("cpus:many", "*", Hardware{})
	if mesos.KindOf(err) != mesos.Invalid {
		t.Fatalf("got %v, want an error of kind Invalid", err)
	}
}

func TestInfoDescribesThisMachine(t *testing.T) {
	info, err := Info(Options{
		Port:       5051,
		WorkDir:    t.TempDir(),
		Attributes: []mesos.Attribute{{Name: "rack", Value: mesos.Value{Kind: mesos.TextValue, Text: "a"}}},
		Region:     "eu",
		Zone:       "eu-1",
	})
	if err != nil {
		t.Fatal(err)
	}
	offered, err := convert.Resources(info.GetResources())
	if err != nil {
		t.Fatal(err)
	}
	if offered.Cpus() <= 0 || offered.Mem() <= 0 || offered.Disk() <= 0 || len(offered.Ports()) == 0 {
		t.Errorf("offers %s", offered)
	}
	if info.GetHostname() == "" || info.GetPort() != 5051 || len(info.GetAttributes()) != 1 ||
		info.GetDomain().GetFaultDomain().GetZone().GetName() != "eu-1" {
		t.Errorf("info is %v", info)
	}
}
