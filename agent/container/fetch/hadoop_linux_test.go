package fetch

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// hadoop gives the fixture a Hadoop client that is a shell script.
func (f *fixture) hadoop(script string) {
	f.t.Helper()
	f.f.HadoopHome = f.t.TempDir()
	bin := filepath.Join(f.f.HadoopHome, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "hadoop"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		f.t.Fatal(err)
	}
}

// covers: FetcherTest.HdfsURI
// covers: HdfsTest.CopyToLocal
// covers: HadoopFetcherPluginTest.FetchExistingFile
// covers: FetcherTest.SSLEnvironmentSpillover
func TestAHadoopClientFetchesWhatNothingElseDoes(t *testing.T) {
	t.Setenv("LIBPROCESS_SSL_ENABLED", "true")
	t.Setenv("HADOOP_OPTS", "-x")
	f := newFixture(t).cached(1 << 20)
	f.refused("--hadoop_home", uri("hdfs://host/test"))
	f.hadoop(`echo "WARN util.NativeCodeLoader: unable to load" >&2
echo "$@" "$HADOOP_OPTS" "$LIBPROCESS_SSL_ENABLED" "${HADOOP_HOME:+home}"`)
	f.mustFetch(uri("hdfs://host/dir/test"), cache("s3a://bucket/other"))
	f.has("test", "fs -cat hdfs://host/dir/test -x  home\n")
	f.has("other", "fs -cat s3a://bucket/other -x  home\n")
	if _, used := f.f.Cache.Size(); used == 0 {
		t.Error("nothing is cached")
	}
}

// covers: HadoopFetcherPluginTest.FetchNonExistingFile
func TestAHadoopClientThatFails(t *testing.T) {
	f := newFixture(t)
	f.hadoop("echo part; echo first >&2; echo 'cat: no such file' >&2; exit 1")
	f.refused("hdfs://host/test: hadoop client: exit status 1: cat: no such file", uri("hdfs://host/test"))
	f.f.HadoopHome = "/nowhere"
	f.refused("hadoop client", uri("hdfs://host/test"))
}

func TestAHadoopClientThatStalls(t *testing.T) {
	f := newFixture(t)
	f.hadoop("echo part; sleep 600 & wait")
	f.f.StallTimeout = 50 * time.Millisecond
	f.refused("no progress", uri("hdfs://host/test"))
}
