#!/usr/bin/env bash
# rolling-drain.sh: a whole cluster's life, and maintenance of every agent of it without a task being lost.
#
#   examples/rolling-drain.sh
#
# Starts a cluster of three masters and three agents, keeps a service on it, and takes one agent after the
# other out of service and back, as one does to upgrade them. It ends the cluster.
set -euo pipefail

# The cluster is this script's, with its state in a directory that goes with it.
XDG_RUNTIME_DIR=$(mktemp -d)
export XDG_RUNTIME_DIR
unset MESOS_MASTER
trap 'mesosctl down; rm -rf "$XDG_RUNTIME_DIR"' EXIT
mesosctl up --masters=3 --agents=3 --port=0 --detach --resources='cpus:4;mem:1024;disk:10000'
mesosctl wait --for=leader --for=agents=3

# The service: a task that somebody starts again whenever it ends. A real one is a
# framework; for a script, a loop is one.
serve() {
  while [ ! -e "$XDG_RUNTIME_DIR/enough" ]; do
    mesosctl execute --quiet --output=none --name=service --resources='cpus:0.5;mem:32' \
      --command 'trap "exit 0" TERM; while :; do sleep 0.1; done' || true
  done
}
serve &
mesosctl wait --for=tasks=1

# One agent at a time: its tasks end, in their grace periods, and start elsewhere.
for agent in $(mesosctl get agents -o name); do
  agent=${agent#agent/}
  echo "== $agent"
  mesosctl drain "$agent" --wait --yes --max-grace-period=5secs
  # Here its machine would be upgraded. It takes part again after that.
  mesosctl reactivate "$agent"
  mesosctl wait --for=agents=3 --for=tasks=1
done

# The end: of the service, and with this script of the cluster.
touch "$XDG_RUNTIME_DIR/enough"
mesosctl kill service --yes --wait
wait
mesosctl status
echo "all agents were drained, and the service runs no more"
