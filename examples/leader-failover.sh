#!/usr/bin/env bash
# leader-failover.sh: the leading master is killed while tasks run, and nothing is lost.
#
#   examples/leader-failover.sh
#
# Starts three masters and two agents, and a batch on them. While that runs the leader is killed, as by a
# crash. Another master leads within moments; the agents and the batch find it, and no task runs twice.
set -euo pipefail

# The cluster is this script's, with its state in a directory that goes with it.
XDG_RUNTIME_DIR=$(mktemp -d)
export XDG_RUNTIME_DIR
unset MESOS_MASTER
trap 'mesosctl down; rm -rf "$XDG_RUNTIME_DIR"' EXIT
mesosctl up --masters=3 --agents=2 --port=0 --detach --resources='cpus:4;mem:1024;disk:10000'

# A service that nobody waits for, and a batch that appends a line for each of its tasks.
service=$(mesosctl execute --quiet --detach --name=service --resources='cpus:0.5;mem:32' --command 'sleep 1000')
mesosctl execute --array=1-20 --parallel=4 --resources='cpus:0.5;mem:32' --env "OUT=$XDG_RUNTIME_DIR/out" \
  --command 'sleep 0.5; echo "$MESOS_TASK_INDEX" >> "$OUT"' &
batch=$!
mesosctl wait --for=tasks=3

# The leader dies.
old=$(mesosctl status -o jsonpath='{.leader}')
mesosctl down --kill "$old"
mesosctl wait --for=leader --for=agents=2 --timeout=1mins
new=$(mesosctl status -o jsonpath='{.leader}')
echo "$old led, $new leads"

# The batch ends as if nothing had been, and the service runs on.
wait "$batch"
[ "$(sort -n "$XDG_RUNTIME_DIR/out" | uniq | wc -l)" = 20 ]
[ "$(wc -l < "$XDG_RUNTIME_DIR/out")" = 20 ]
mesosctl wait --for="task=$service:RUNNING"
mesosctl kill "$service" --yes --wait
echo "20 tasks ran, each once"
