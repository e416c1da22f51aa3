#!/usr/bin/env bash
# Runs the histories under faults again and again, with another seed each round, and sums them up.
# Exit code 1 when any of them failed.
#   MINUTES  how long (default 30); a round that has begun is finished
#   SEED     of the first round (default: by the clock); the next ones count up
#   LENGTH   seconds of faults in each scenario (default 30; from 20 on processes stop for 30 s)
#   ONLY     a filter of scenarios, e.g. 'ReplicasHistory.*'
# To look at one that failed: SQM_FAULT_SEED=seed SQM_FAULT_SECONDS=length
#   SQM_FAULT_DUMP=file build/bin/suite_history_test --gtest_filter=Scenario
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
minutes=${MINUTES:-30}
seed=${SEED:-$(($(date +%s) % 1000000000))}
length=${LENGTH:-30}
program=build/bin/suite_history_test
logs=build/soak
mkdir -p "$logs"
counts=$logs/counts
: >"$counts"

mapfile -t scenarios < <("$program" --gtest_list_tests --gtest_filter="${ONLY:-*}" |
  awk '/^[^ ]/ && /\.$/ {suite = $1} /^  / {print suite $1}')
[ ${#scenarios[@]} -gt 0 ] || { echo "soak: no scenario '${ONLY:-}'" >&2; exit 2; }

# Sums of what the scenarios have said, of one or of all: histories operations faults violations.
sum() {
  awk -v name="${1:-}" '
    name == "" || $2 == name {
      for (i = 3; i <= NF; ++i) { split($i, part, "="); sums[part[1]] += part[2] }
    }
    END { printf "%d %d %d %d", sums["histories"], sums["operations"], sums["faults"], sums["violations"] }
  ' "$counts"
}

failed=0
round=0
SECONDS=0
while [ "$round" -eq 0 ] || [ "$SECONDS" -lt $((minutes * 60)) ]; do
  round=$((round + 1))
  for scenario in "${scenarios[@]}"; do
    log=$logs/$scenario.log
    SQM_FAULT_SEED=$seed SQM_FAULT_SECONDS=$length timeout $((length * 10 + 600)) \
      "$program" --gtest_filter="$scenario" --gtest_brief=1 >"$log" 2>&1
    code=$?
    grep '^history ' "$log" >>"$counts"
    if [ "$code" -ne 0 ]; then
      failed=$((failed + 1))
      mv "$log" "$logs/$scenario-$seed.log"
      echo "soak: $scenario failed with seed $seed: see $logs/$scenario-$seed.log"
    fi
  done
  read -r histories operations faults violations <<<"$(sum)"
  echo "soak: round $round, seed $seed, $((SECONDS / 60)) min: $histories histories," \
    "$operations operations, $faults faults, $violations violations, $failed failed"
  seed=$((seed + 1))
done

printf '\n%-45s %9s %10s %7s %10s\n' scenario histories operations faults violations
for scenario in "${scenarios[@]}"; do
  read -r histories operations faults violations <<<"$(sum "$scenario")"
  printf '%-45s %9d %10d %7d %10d\n' "$scenario" "$histories" "$operations" "$faults" "$violations"
done
read -r histories operations faults violations <<<"$(sum)"
printf '%-45s %9d %10d %7d %10d\n' all "$histories" "$operations" "$faults" "$violations"
[ "$failed" -eq 0 ] && [ "$violations" -eq 0 ]
