# Starting the suite and a private Redis for demo and run. Sourced, not run.
# shellcheck shell=bash

# Where the programs are.
bin=${PROGRAMS:-$PWD/build/bin}
# The client reads these from the environment; the suite refuses what it does not know.
unset SQM_LOGIN SQM_SERVER SQM_TOKEN_FILE
suite_pid=
redis_pid=
# Filled by start_redis: flags for the suite.
redis_flags=()

# start_redis FOLDER: on a socket in the folder, without port and without files; none if not installed.
start_redis() {
  local folder=$1
  command -v redis-server >/dev/null || return 0
  redis-server --port 0 --unixsocket "$folder/redis.sock" --unixsocketperm 700 --save '' \
    --appendonly no --maxmemory 64mb --maxmemory-policy allkeys-lru --dir "$folder" \
    >"$folder/redis.log" 2>&1 &
  redis_pid=$!
  for _ in $(seq 100); do
    [ -S "$folder/redis.sock" ] && break
    sleep 0.02
  done
  redis_flags=("--redis.socket=$folder/redis.sock")
}

# start_suite LOG FLAGS...: until it says that it is ready.
start_suite() {
  local log=$1
  shift
  : >"$log"
  "$bin/sqm-suite" "$@" "${redis_flags[@]}" >"$log" 2>&1 &
  suite_pid=$!
  for _ in $(seq 600); do
    grep -q '^ready on port' "$log" && return 0
    kill -0 "$suite_pid" 2>/dev/null || break
    sleep 0.05
  done
  echo "the suite did not start:" >&2
  tail -n 20 "$log" >&2
  return 1
}

# Ends what was started, the suite first.
stop_all() {
  local pid
  for pid in $suite_pid $redis_pid; do
    kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
  done
  suite_pid=
  redis_pid=
  return 0
}
