#!/usr/bin/env bash
# Builds and runs every test: all suites of the release build, the unit and store tests again under
# the address and thread sanitizers, and a short run of each fuzz target. One ctest run, one summary.
#   scripts/test.sh [ctest arguments, e.g. -L unit]     SANITIZERS=0 leaves asan, tsan and fuzz out
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

scripts/build.sh release all
folders=()
if [ "${SANITIZERS:-1}" != 0 ]; then
  for preset in asan tsan; do
    scripts/build.sh "$preset" unit
    for list in tests/unit/*/CMakeLists.txt; do
      folders+=("build/$preset/$(dirname "$list")")
    done
  done
  scripts/build.sh fuzz fuzz
  for list in tests/fuzz/CMakeLists.txt tests/fuzz/*/CMakeLists.txt; do
    [ -f "$list" ] && folders+=("build/fuzz/$(dirname "$list")")
  done
fi
folders+=(build)

# A folder of its own that leads into the build trees, so that ctest counts all of it together.
mkdir -p build/tests-of-all
{
  echo "subdirs("
  printf '  "%s"\n' "${folders[@]/#/$root/}"
  echo ")"
} >build/tests-of-all/CTestTestfile.cmake

export TSAN_OPTIONS="halt_on_error=1 second_deadlock_stack=1 ${TSAN_OPTIONS:-}"
export ASAN_OPTIONS="detect_stack_use_after_return=1 ${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="print_stacktrace=1 ${UBSAN_OPTIONS:-}"
ctest --test-dir build/tests-of-all -j "${JOBS:-$(nproc)}" --output-on-failure "$@"
