#!/usr/bin/env bash
# Installs what the groups named as arguments need, by Debian package name.
#   scripts/deps.sh [build] [run] [postgres] [test] [lint]      (none = all)
# Asks dpkg first and does nothing when all is there, so every target may call it.
set -euo pipefail

build=(g++ cmake ninja-build make pkg-config ccache mold tzdata
  protobuf-compiler protobuf-compiler-grpc libprotobuf-dev libgrpc++-dev libabsl-dev libc-ares-dev
  libre2-dev zlib1g-dev libssl-dev libsqlite3-dev libpq-dev libhiredis-dev libtomlplusplus-dev
  libical-dev
  nlohmann-json3-dev libcli11-dev libutf8proc-dev libjemalloc-dev
  # prometheus-cpp's CMake files look for these two, but its package does not depend on them.
  prometheus-cpp-dev libcivetweb-dev libcurl4-openssl-dev)
run=(redis-server)
postgres=(postgresql)
test=(libgtest-dev libgmock-dev libnghttp2-dev libprotoc-dev git postgresql python3 curl
  # Networks of their own for replicas, which are delayed, lossy or parted.
  iproute2
  # What the documents and the help say to type beside our own commands.
  jq sqlite3
  # The documents are rendered as a reader sees them.
  chromium
  # A client generated for another language, and the fuzz targets (libFuzzer needs clang).
  python3-grpcio python3-protobuf clang libclang-rt-14-dev)
lint=(clang-format clang-tidy shellcheck git ca-certificates)

wanted=()
for group in "${@:-all}"; do
  case "$group" in
    build) wanted+=("${build[@]}") ;;
    run) wanted+=("${run[@]}") ;;
    postgres) wanted+=("${postgres[@]}") ;;
    test) wanted+=("${test[@]}") ;;
    lint) wanted+=("${lint[@]}") ;;
    all) wanted+=("${build[@]}" "${run[@]}" "${test[@]}" "${lint[@]}") ;;
    *) echo "deps: no group '$group' (build, run, postgres, test, lint)" >&2; exit 2 ;;
  esac
done
# The Debian packages of Node.js and npm, unless another Node.js is there already.
case " ${*:-all} " in *" lint "* | *" all "*) command -v npm >/dev/null || wanted+=(nodejs npm) ;; esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "deps: this is not a Debian system. Install what these packages hold, then build again:" >&2
  printf '  %s\n' "${wanted[@]}" >&2
  exit 1
fi

installed=$(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' 2>/dev/null | sed -n 's/^ii *//p')
missing=()
for package in "${wanted[@]}"; do
  grep -qxF "$package" <<<"$installed" || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ]; then
  root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  root=(sudo)
elif command -v sudo >/dev/null && [ -t 0 ]; then
  root=(sudo)
else
  {
    echo "deps: ${#missing[@]} Debian packages are missing, and neither root nor sudo is at hand."
    echo "Ask an administrator to run:"
    echo "  apt-get install --no-install-recommends ${missing[*]}"
  } >&2
  exit 1
fi

echo "deps: installing ${missing[*]}"
# A Redis or PostgreSQL that the package would start as a system service is of no use here: every run
# starts its own on a private socket. Where no service was running before, none is left running.
policy=/usr/sbin/policy-rc.d
if [[ " ${missing[*]} " =~ " "(redis-server|postgresql)" " ]] && [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
  "${root[@]}" chmod 755 "$policy"
  trap '"${root[@]}" rm -f "$policy"' EXIT
fi
apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0)
"${apt[@]}" update >/dev/null
"${apt[@]}" install -y --no-install-recommends "${missing[@]}" >/tmp/sqm-deps.$$ 2>&1 || {
  tail -n 20 /tmp/sqm-deps.$$ >&2
  rm -f /tmp/sqm-deps.$$
  echo "deps: apt-get failed" >&2
  exit 1
}
rm -f /tmp/sqm-deps.$$
