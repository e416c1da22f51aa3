#!/usr/bin/env bash
# Builds and runs the tests. One ctest run, one summary.
#   scripts/test.sh [ctest arguments, e.g. -L unit]
#   PRESETS  which builds take part (default "release fuzz"): release = every suite; fuzz = a short run
#            of each fuzz target; asan, tsan = the unit and store tests under that sanitizer
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

read -ra presets <<<"${PRESETS:-release fuzz}"
folders=()
for preset in "${presets[@]}"; do
  case "$preset" in
    release)
      scripts/build.sh release all
      folders+=(build)
      ;;
    fuzz)
      scripts/build.sh fuzz fuzz
      for list in tests/fuzz/CMakeLists.txt tests/fuzz/*/CMakeLists.txt; do
        [ -f "$list" ] && folders+=("build/fuzz/$(dirname "$list")")
      done
      ;;
    asan | tsan)
      scripts/build.sh "$preset" unit
      folders+=("build/$preset/tests/unit")
      ;;
    *)
      echo "test: no preset '$preset'; there are release, fuzz, asan, tsan" >&2
      exit 2
      ;;
  esac
done

# A folder of its own that leads into the build trees, so that ctest counts all of it together.
mkdir -p build/tests-of-all
{
  echo "subdirs("
  printf '  "%s"\n' "${folders[@]/#/$root/}"
  echo ")"
} >build/tests-of-all/CTestTestfile.cmake

export TSAN_OPTIONS="halt_on_error=1 second_deadlock_stack=1 ${TSAN_OPTIONS:-}"
export ASAN_OPTIONS="detect_stack_use_after_return=1 ${ASAN_OPTIONS:-}"
# c-ares, which gRPC loads, leaves ten bytes at its end.
export LSAN_OPTIONS="suppressions=$root/tests/support/lsan.supp:print_suppressions=0 ${LSAN_OPTIONS:-}"
export UBSAN_OPTIONS="print_stacktrace=1 ${UBSAN_OPTIONS:-}"
ctest --test-dir build/tests-of-all -j "${JOBS:-$(nproc)}" --output-on-failure "$@"
