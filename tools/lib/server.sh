# shellcheck shell=bash
# One mistral-server with all components for a demonstration or a test (needs common.sh).

server_pid=

# port_is_open PORT: tell whether something listens on this port of the local host.
port_is_open() {
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# start_server VENV PORT DIR: serve on the local host only, whatever configuration the machine has,
# with the database and server.log in DIR. Returns when the API answers.
start_server() {
  local venv=$1 port=$2 dir=$3 deadline=$((SECONDS + 60))
  if port_is_open "$port"; then
    die "port $port is in use"
  fi
  env -u MISTRAL_CONFIG_FILE -u MISTRAL_CONFIG_DIR \
    OS_API__HOST=127.0.0.1 OS_API__PORT="$port" \
    OS_DATABASE__CONNECTION="sqlite:///$dir/mistral.sqlite" \
    "$venv/bin/mistral-server" >"$dir/server.log" 2>&1 </dev/null &
  server_pid=$!
  until port_is_open "$port"; do
    if ! kill -0 "$server_pid" 2>/dev/null || ((SECONDS >= deadline)); then
      die "the server did not start; its log says: $(tail -n 15 "$dir/server.log")"
    fi
    sleep 0.2
  done
}

# Wait until the server has ended by itself.
await_server() {
  wait "$server_pid" || true
  server_pid=
}

# Stop the server if it runs; meant for an EXIT trap.
stop_server() {
  if [[ -n $server_pid ]]; then
    kill "$server_pid" 2>/dev/null || true
    await_server
  fi
}
