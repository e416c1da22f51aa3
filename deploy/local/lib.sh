# Processes of deploy/local. Sourced by deploy/local/up, not run.
# shellcheck shell=bash

bin=${PROGRAMS:-$PWD/build/bin}
data=${DATA:-build/local}
replicas=${REPLICAS:-2}
first_port=${PORT:-7100}
services=(monitoring complaints reporting)
run=
sockets=
redis_flags=()
# By the name of the process; `begins`: where in its log the last start begins.
declare -A pids=() ports=() metrics=() begins=()
# The client reads these; the services refuse what they do not know.
unset SQM_LOGIN SQM_SERVER SQM_TOKEN_FILE

say() { printf '%s\n' "$*" >&2; }
fail() { say "deploy/local: $*"; exit 1; }

prepare_folders() {
  [[ $replicas =~ ^[1-9][0-9]?$ ]] || fail "REPLICAS must be a number from 1 to 99, not '$replicas'"
  [[ $first_port =~ ^[0-9]+$ ]] || fail "PORT must be a number, not '$first_port'"
  local program
  for program in sqm sqm-migrate "${services[@]/#/sqm-}"; do
    [ -x "$bin/$program" ] || fail "$bin/$program is missing: run \`make build\`"
  done
  mkdir -p "$data"
  data=$(realpath "$data")
  run=$data/run
  if kill -0 "$(cat "$run/up.pid" 2>/dev/null || echo none)" 2>/dev/null; then
    fail "it runs already on $data: stop it, or say DATA=… for another one"
  fi
  rm -rf "$run"
  mkdir -p "$run" "$data/log" "$data/login" "$data/shared"
  echo $$ >"$run/up.pid"
  sockets=$(mktemp -d)  # short: a socket's path may have 107 characters
}

# start_process NAME COMMAND...: with its output in a log. In a session of its own, for Ctrl-C is for
# `up` alone; ended by the kernel should `up` be killed.
start_process() {
  local name=$1 signal=TERM
  shift
  [ "$name" != postgres ] || signal=INT
  setsid setpriv --pdeathsig "$signal" -- "$@" >>"$data/log/$name.log" 2>&1 </dev/null &
  pids[$name]=$!
  echo $! >"$run/$name.pid"
}

forget_process() {
  unset "pids[$1]"
  rm -f "$run/$1.pid"
}

# stop_process NAME SIGNAL: nothing where it does not run.
stop_process() {
  local pid=${pids[$1]:-}
  [ -n "$pid" ] || return 0
  kill "-$2" "$pid" 2>/dev/null || true
  # A signal to this script ends a wait early.
  while kill -0 "$pid" 2>/dev/null; do wait "$pid" || true; done
  forget_process "$1"
}

# All replicas of a service at once.
stop_service() {
  local name
  for name in "${!pids[@]}"; do
    [ "${name%-*}" != "$1" ] || kill -TERM "${pids[$name]}" 2>/dev/null || true
  done
  for name in "${!pids[@]}"; do
    [ "${name%-*}" != "$1" ] || stop_process "$name" TERM
  done
}

# until_true SECONDS NAME COMMAND...: repeats the command as long as the process runs.
until_true() {
  local end=$((SECONDS + $1)) pid=${pids[$2]}
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS > end)) || ! kill -0 "$pid" 2>/dev/null; then return 1; fi
    sleep 0.05
  done
}

# ---- PostgreSQL and Redis ----------------------------------------------------------------------

start_postgres() {
  if [ -n "${POSTGRES:-}" ]; then
    write_private "$data/shared/postgres.url" "$POSTGRES"
    return
  fi
  local programs
  programs=$(find /usr/lib/postgresql/*/bin -name postgres -printf '%h\n' 2>/dev/null | sort -V | tail -n 1) || true
  [ -n "$programs" ] || fail "PostgreSQL is not installed: run \`apt-get install postgresql\`, or say" \
    "POSTGRES='host=… dbname=… user=…' for a database of yours"
  # The server refuses root.
  local as=()
  if [ "$(id -u)" -eq 0 ]; then
    id postgres >/dev/null 2>&1 || fail "the server does not run as root, and there is no user postgres:" \
      "run \`apt-get install postgresql\`, or start this as another user"
    as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    mkdir -p "$data/postgres"
    chown postgres: "$data/postgres" "$sockets"
    "${as[@]}" test -w "$data/postgres" || fail "the user postgres, who runs the server, cannot reach" \
      "$data: let others pass (chmod o+x) its folders, or say DATA=… for another place"
  fi
  if [ ! -e "$data/postgres/PG_VERSION" ]; then
    (cd / && "${as[@]}" "$programs/initdb" -D "$data/postgres" -U sqm -A trust -E UTF8 --locale=C \
      --no-instructions) >>"$data/log/postgres.log" 2>&1 ||
      fail "PostgreSQL could not make its files: see $data/log/postgres.log"
  fi
  start_process postgres "${as[@]}" "$programs/postgres" -D "$data/postgres" -k "$sockets" \
    -c listen_addresses= -c max_connections=$((50 + replicas * 48))
  until_true 60 postgres "$programs/psql" -h "$sockets" -U sqm -d postgres -c 'SELECT 1' ||
    fail "PostgreSQL did not start: see $data/log/postgres.log"
  write_private "$data/shared/postgres.url" "host=$sockets user=sqm dbname=postgres"
}

start_redis_server() {
  case "${REDIS:-}" in
    /*) redis_flags=("--redis.socket=$REDIS"); return ;;
    *:*) redis_flags=("--redis.host=${REDIS%:*}" "--redis.port=${REDIS##*:}"); return ;;
    ?*) fail "REDIS must be a socket's path or host:port, not '$REDIS'" ;;
  esac
  if ! command -v redis-server >/dev/null; then
    say "Redis is not installed (\`apt-get install redis-server\`): the replicas go without it."
    return
  fi
  start_process redis redis-server --port 0 --unixsocket "$sockets/redis.sock" --unixsocketperm 700 \
    --save '' --appendonly no --maxmemory 64mb --maxmemory-policy allkeys-lru --dir "$sockets"
  until_true 30 redis test -S "$sockets/redis.sock" || fail "Redis did not start: see $data/log/redis.log"
  redis_flags=("--redis.socket=$sockets/redis.sock")
}

write_private() {
  (umask 077 && printf '%s\n' "$2" >"$1.new" && mv "$1.new" "$1")
}

migrate() {
  "$bin/sqm-migrate" --store.backend=postgres \
    --store.postgres.url_file="$data/shared/postgres.url" >"$data/log/migrate.log" 2>&1 ||
    { cat "$data/log/migrate.log" >&2; fail "the database could not be prepared"; }
}

# ---- Replicas ----------------------------------------------------------------------------------

# All addresses of a service, as gRPC names them.
target_of() {
  local i list=
  for ((i = 1; i <= replicas; ++i)); do list+="${list:+,}127.0.0.1:${ports[$1-$i]}"; done
  echo "ipv4:$list"
}

# The port that the first start gets stays the replica's own: others have been told of it.
choose_port() {
  local name=$1 service=${1%-*} place=0 one
  [ -z "${ports[$name]:-}" ] || return 0
  ports[$name]=0
  metrics[$name]=0
  [ "$first_port" -ne 0 ] || return 0
  for one in "${services[@]}"; do
    [ "$one" != "$service" ] || break
    place=$((place + 1))
  done
  place=$((place * replicas + ${name##*-} - 1))
  ports[$name]=$((first_port + place))
  metrics[$name]=$((first_port + ${#services[@]} * replicas + place))
}

start_replica() { launch_replica "$1" && await_replica "$1"; }

launch_replica() {
  local name=$1 service=${1%-*} log=$data/log/$1.log flags=()
  choose_port "$name"
  case "$service" in
    complaints) flags=("--monitoring.address=$(target_of monitoring)") ;;
    reporting)
      flags=("--monitoring.address=$(target_of monitoring)" "--complaints.address=$(target_of complaints)")
      ;;
  esac
  touch "$log"
  begins[$name]=$(($(wc -c <"$log") + 1))
  start_process "$name" "$bin/sqm-$service" --dev --data.dir="$data/shared" --store.backend=postgres \
    --store.postgres.url_file="$data/shared/postgres.url" --stop.drain_delay=500ms "${redis_flags[@]}" \
    --listen.address="127.0.0.1:${ports[$name]}" --metrics.address="127.0.0.1:${metrics[$name]}" "${flags[@]}"
}

# Until it is healthy.
await_replica() {
  local name=$1 log=$data/log/$1.log from=${begins[$1]}
  if ! until_true 60 "$name" is_ready "$log" "$from"; then
    say "$name did not start; its last lines, from $log:"
    tail -n 5 "$log" | sed 's/^/    /' >&2
    stop_process "$name" KILL
    return 1
  fi
  ports[$name]=$(tail -c "+$from" "$log" | sed -nE 's/^ready on port ([0-9]+).*/\1/p')
  metrics[$name]=$(tail -c "+$from" "$log" | sed -nE 's/.*"metrics are served".*"port":"?([0-9]+).*/\1/p')
  echo "127.0.0.1:${ports[$name]}" >"$run/$name.address"
  echo "127.0.0.1:${metrics[$name]}" >"$run/$name.metrics"
  until_true 60 "$name" "$bin/sqm" --login "$data/shared/dev/login.json" \
    --server "127.0.0.1:${ports[$name]}" status || { say "$name does not become healthy: see $log"; return 1; }
}

is_ready() { tail -c "+$2" "$1" | grep -q '^ready on port'; }

# For each service a login file that names all its replicas.
write_logins() {
  local service token
  token=$(sed -nE 's/.*"token": *"([^"]*)".*/\1/p' "$data/shared/dev/login.json")
  for service in "${services[@]}"; do
    write_private "$data/login/$service.json" \
      "{\"server\": \"$(target_of "$service")\", \"token\": \"$token\"}"
  done
}

print_table() {
  local service i name
  printf '\n%-14s %-18s %-30s %-9s %s\n' replica address metrics pid log
  for service in "${services[@]}"; do
    for ((i = 1; i <= replicas; ++i)); do
      name=$service-$i
      printf '%-14s %-18s %-30s %-9s %s\n' "$name" "127.0.0.1:${ports[$name]}" \
        "http://127.0.0.1:${metrics[$name]}/metrics" "${pids[$name]}" "$data/log/$name.log"
    done
  done
  for name in postgres redis; do
    [ -z "${pids[$name]:-}" ] || printf '%-14s %-18s %-30s %-9s %s\n' "$name" "$sockets" - \
      "${pids[$name]}" "$data/log/$name.log"
  done
  cat <<TEXT

A login file for each service, to all its replicas. In another terminal:

  export PATH=$bin:\$PATH
  sqm --login $data/login/monitoring.json status
  sqm sample contacts --count 1000 -o contacts.csv
  sqm --login $data/login/monitoring.json import contacts contacts.csv --mapping sqm_sample
  sqm --login $data/login/complaints.json seed
  sqm --login $data/login/complaints.json complaints create --kind complaint --subject 'No signal' --channel phone
  sqm --login $data/login/reporting.json report daily --date $(date -u +%F) -o table
  deploy/local/rolling-restart

Ctrl-C ends all; what is stored stays in $data.
TEXT
}
