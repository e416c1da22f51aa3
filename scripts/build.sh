#!/usr/bin/env bash
# Configures a preset when needed and builds.   scripts/build.sh PRESET TARGET...
#   programs   the binaries that people run (services, sqm)
#   unit       the unit and store tests
#   fuzz       the fuzz targets
#   bench      the bench programs
#   all        everything of the preset
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift
dir=build/$preset
[ "$preset" = release ] && dir=build
jobs=${JOBS:-$(nproc)}

# One build of a folder at a time: two would rewrite each other's precompiled headers.
mkdir -p "$dir"
exec 9>"$dir/.building"
flock 9

# The programs build without the test libraries; `make test` installs those and turns tests on.
tests=OFF
if [ "${1:-}" != programs ] || dpkg-query -W -f '${db:Status-Abbrev}' libgtest-dev libgmock-dev \
  libnghttp2-dev 2>/dev/null | grep -q '^ii.*ii.*ii'; then
  tests=ON
fi
if [ ! -f "$dir/build.ninja" ] || ! grep -q "^SQM_TESTS:BOOL=$tests$" "$dir/CMakeCache.txt"; then
  log=$(mktemp)
  cmake --preset "$preset" -DSQM_TESTS=$tests >"$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; exit 1; }
  rm -f "$log"
fi

# A folder is a Ninja target `<folder>/all`.
targets=()
folders_of() {
  local list
  for list in "$@"; do
    if [ -f "$list" ]; then targets+=("$(dirname "$list")/all"); fi
  done
}
for target in "$@"; do
  case "$target" in
    programs) folders_of services/*/CMakeLists.txt cli/CMakeLists.txt ;;
    unit) folders_of tests/unit/CMakeLists.txt ;;
    bench) folders_of tests/bench/CMakeLists.txt ;;
    fuzz) folders_of tests/fuzz/CMakeLists.txt tests/fuzz/*/CMakeLists.txt ;;
    *) targets+=("$target") ;;
  esac
done
[ ${#targets[@]} -gt 0 ] || exit 0
# A terminal shows progress; a log shows only what went wrong.
if [ -t 1 ]; then
  cmake --build "$dir" -j "$jobs" --target "${targets[@]}" 9>&-
  exit
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
SECONDS=0
if ! cmake --build "$dir" -j "$jobs" --target "${targets[@]}" >"$log" 2>&1 9>&-; then
  grep -vE '^\[[0-9]+/[0-9]+\] (Building|Generating|Linking|Running)' "$log" >&2 || true
  echo "build: $preset failed" >&2
  exit 1
fi
echo "build: $preset ($*) in ${SECONDS} s"
