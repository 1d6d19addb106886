#!/usr/bin/env bash
# batch-array.sh: a batch of many small jobs, each a task of its own, on a cluster of its own.
#
#   examples/batch-array.sh [JOBS]        (100 if not given)
#
# Counts the primes below JOBS times 1000, each job those of one thousand. It shows how a job finds its
# number, how many run at a time, what becomes of a job that fails, and where the results are.
set -euo pipefail

jobs=${1:-100}

# The cluster is this script's, with its state in a directory that goes with it.
XDG_RUNTIME_DIR=$(mktemp -d)
export XDG_RUNTIME_DIR
unset MESOS_MASTER
trap 'mesosctl down; rm -rf "$XDG_RUNTIME_DIR"' EXIT
mesosctl up --agents=2 --port=0 --detach --resources='cpus:8;mem:2048;disk:10000'

# The job: a shell command that runs on some agent. Its number is $MESOS_TASK_INDEX.
# What it prints stays in its sandbox. It fails the first time it sees number 3,
# as if its disk had been full, and is tried again.
results=$XDG_RUNTIME_DIR/results
mkdir "$results"
job='
  from=$(( MESOS_TASK_INDEX * 1000 ))
  if [ "$MESOS_TASK_INDEX" = 3 ] && mkdir "$RESULTS/failed" 2>/dev/null; then
    echo "no space left" >&2
    exit 75
  fi
  seq "$from" $(( from + 999 )) | factor | awk "NF == 2" | wc -l | tee "$RESULTS/$MESOS_TASK_INDEX"
'

# One task for each number, 16 at a time, each with half a CPU. On a terminal this is
# a bar. The exit code is 0 if all succeeded in the end.
mesosctl execute --name=primes --command "$job" --array="0-$(( jobs - 1 ))" --parallel=16 --retries=2 \
  --resources='cpus:0.5;mem:32' --env "RESULTS=$results" --env "PATH=$PATH"

# The tasks are gone, what they wrote is not.
echo "job 2 wrote: $(mesosctl logs primes.2)"
echo "job 3 wrote first: $(mesosctl logs --stderr primes.3)"
rmdir "$results/failed"
echo "$(cat "$results"/* | awk '{ n += $1 } END { print n }') primes below $(( jobs * 1000 ))"
