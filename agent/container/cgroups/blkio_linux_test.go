package cgroups

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// filesIn is a cgroup made of files.
func filesIn(t *testing.T, subsystem string, v2 bool, files map[string]string) *group {
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return &group{v2: v2, dirs: []groupDir{{&tree{subsystems: []string{subsystem}}, dir}}}
}

func TestParseBlkio(t *testing.T) {
	for _, test := range []struct {
		v2    bool
		files map[string]string
		want  string
	}{
		{false, map[string]string{
			"blkio.throttle.io_service_bytes": "8:0 Read 10\n8:0 Write 20\n8:0 Total 30\nTotal 30\n",
			"blkio.throttle.io_serviced":      "8:0 Read 1\nbad\n\nTotal 1\n",
		}, `{"throttling":[` +
			`{"device":{"major_number":8,"minor_number":0},"io_serviced":[{"op":"READ","value":1}],` +
			`"io_service_bytes":[{"op":"READ","value":10},{"op":"WRITE","value":20},{"op":"TOTAL","value":30}]},` +
			`{"io_serviced":[{"op":"TOTAL","value":1}],"io_service_bytes":[{"op":"TOTAL","value":30}]}]}`},
		{false, map[string]string{
			"blkio.time": "8:0 7\n", "blkio.sectors_recursive": "8:16 9\n", "blkio.io_merged": "8:0 Sync 1\n8:0 Async 2\nTotal 3\n",
		}, `{"cfq":[{"device":{"major_number":8,"minor_number":0},"time":7,"io_merged":[{"op":"SYNC","value":1},{"op":"ASYNC","value":2}]},` +
			`{"io_merged":[{"op":"TOTAL","value":3}]}],` +
			`"cfq_recursive":[{"device":{"major_number":8,"minor_number":16},"sectors":9},{}],"throttling":[{}]}`},
		{false, map[string]string{
			"blkio.bfq.io_service_bytes": "8:0 Read 1\nTotal 1\n", "blkio.bfq.io_serviced_recursive": "8:0 Total 2\nTotal 2\n",
		}, `{"cfq":[{"device":{"major_number":8,"minor_number":0},"io_service_bytes":[{"op":"READ","value":1}]},` +
			`{"io_service_bytes":[{"op":"TOTAL","value":1}]}],` +
			`"cfq_recursive":[{"device":{"major_number":8,"minor_number":0},"io_serviced":[{"op":"TOTAL","value":2}]},` +
			`{"io_serviced":[{"op":"TOTAL","value":2}]}],"throttling":[{}]}`},
		{true, map[string]string{
			"io.stat": "254:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6 cost.usage=7\n8:0 \n8:16 rbytes=10\n",
		}, `{"throttling":[{"device":{"major_number":254,"minor_number":0},` +
			`"io_serviced":[{"op":"READ","value":3},{"op":"WRITE","value":4},{"op":"DISCARD","value":6},{"op":"TOTAL","value":13}],` +
			`"io_service_bytes":[{"op":"READ","value":1},{"op":"WRITE","value":2},{"op":"DISCARD","value":5},{"op":"TOTAL","value":8}]},` +
			`{"device":{"major_number":8,"minor_number":16},"io_service_bytes":[{"op":"READ","value":10},{"op":"TOTAL","value":10}]},` +
			`{"io_serviced":[{"op":"TOTAL","value":13}],"io_service_bytes":[{"op":"TOTAL","value":18}]}]}`},
	} {
		var usage mesospb.ResourceStatistics
		if err := (&blkio{"blkio"}).usage(filesIn(t, "blkio", test.v2, test.files), &usage); err != nil {
			t.Fatal(err)
		}
		got, err := wire.MarshalJSON(usage.BlkioStatistics)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, string(got)); diff != "" {
			t.Error(diff)
		}
	}
}
