#!/usr/bin/env bash
# Runs the suite with a development login until Ctrl-C.
#   DATA     folder of the databases (default build/run)       LISTEN   host:port (default 127.0.0.1:7070)
#   METRICS  host:port of /metrics (default 127.0.0.1:9464)
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
data=${DATA:-build/run}
listen=${LISTEN:-127.0.0.1:7070}
metrics=${METRICS:-127.0.0.1:9464}
mkdir -p "$data"
sockets=$(mktemp -d)
trap 'stop_all; rm -rf "$sockets"' EXIT
trap 'exit 130' INT TERM

start_redis "$sockets"
start_suite "$data/suite.log" --dev --data.dir="$data" --listen.address="$listen" \
  --metrics.address="$metrics"
cat <<TEXT
The suite runs on $listen, metrics on http://$metrics/metrics, log in $data/suite.log.
In another terminal:

  export PATH=$bin:\$PATH SQM_LOGIN=$(realpath "$data")/dev/login.json
  sqm status
  sqm seed
  sqm sample contacts --count 5000 -o contacts.csv
  sqm import contacts contacts.csv --mapping sqm_sample
  sqm list contacts

Ctrl-C ends it; the data stays in $data.
TEXT
wait "$suite_pid" || { tail -n 5 "$data/suite.log" >&2; exit 1; }
