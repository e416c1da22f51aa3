#!/usr/bin/env bash
# Runs the benches and writes build/bench.json.   ONLY=name runs one (its entry alone is replaced in
# the file); SHORT=1 runs each once over little data, to see that it runs; RUNS=n sets the rounds.
set -euo pipefail
cd "$(dirname "$0")/.."
arguments=(--bin build/bin --out build/bench.json)
[ -n "${ONLY:-}" ] && arguments+=(--only "$ONLY")
[ -n "${RUNS:-}" ] && arguments+=(--runs "$RUNS")
if [ "${SHORT:-0}" != 0 ]; then
  arguments+=(--short)
  arguments[3]=build/bench-short.json
fi
exec build/bin/sqm-bench "${arguments[@]}"
