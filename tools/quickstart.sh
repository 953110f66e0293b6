#!/usr/bin/env bash
# Install the service into .venv, start all of it in one process and run an example workflow.
#
#   tools/quickstart.sh          go on serving until Ctrl-C
#   tools/quickstart.sh --once   stop after the example
#
# Environment:
#   MISTRAL_PORT      port of the REST API on the local host (8989)
#   MISTRAL_DATA_DIR  place of the database, mistral.sqlite, and of server.log (.quickstart in the
#                     checkout); remove it to start afresh
#   PYTHON            interpreter to make .venv with (the first one that is 3.11 or newer)

set -euo pipefail

# shellcheck source=tools/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=tools/lib/server.sh
source "$root/tools/lib/server.sh"

venv=$root/.venv
port=${MISTRAL_PORT:-8989}
data=${MISTRAL_DATA_DIR:-$root/.quickstart}
url=http://127.0.0.1:$port/v2

# The command line client without authentication, whatever the caller's environment says.
client() {
  env -u OS_AUTH_URL -u OS_AUTH_TOKEN -u OS_USERNAME -u OS_PASSWORD \
    OS_MISTRAL_URL="$url" "$venv/bin/mistral" "$@"
}

# upload KIND FILE: create the workflows or the workbook of a file, or update them if they exist.
upload() {
  client "$1-create" "$2" &>/dev/null || client "$1-update" "$2" >/dev/null ||
    die "cannot upload $2"
  say "  ${2##*/}"
}

upload_examples() {
  local file
  say 'Uploading the examples'
  for file in "$root"/doc/source/user/examples/*.yaml; do
    if grep -q '^workflows:' "$file"; then
      upload workbook "$file"
    else
      upload workflow "$file"
    fi
  done
}

run_example() {
  local execution state='' deadline=$((SECONDS + 60))
  say "Running the workflow 'fork_join'"
  execution=$(client execution-create fork_join '{"width": 6, "height": 7}' -f value -c ID)
  until [[ $state =~ ^(SUCCESS|ERROR|CANCELLED)$ ]]; do
    ((SECONDS < deadline)) || die "the example is still $state after a minute; see $data/server.log"
    sleep 0.2
    state=$(client execution-get "$execution" -f value -c State)
  done
  client task-list "$execution" -c Name -c State -c 'Started at' -c 'Finished at'
  client execution-get "$execution" -c ID -c 'Workflow name' -c State -c 'State info'
  say "Output: $(client execution-get-output "$execution")"
  [[ $state == SUCCESS ]] || die "the example ended in $state; see $data/server.log"
}

once=
case ${1:-} in
  '') ;;
  --once) once=1 ;;
  -h | --help)
    usage
    exit
    ;;
  *) die "unknown argument '$1'; try --help" ;;
esac
[[ $port =~ ^[0-9]+$ ]] || die "MISTRAL_PORT is '$port', not a number"
if port_is_open "$port"; then
  die "port $port is in use; choose another one: MISTRAL_PORT=9000 tools/quickstart.sh"
fi
if ! mkdir -p "$data" 2>/dev/null || [[ ! -w $data ]]; then
  die "cannot write to $data; choose another place with MISTRAL_DATA_DIR"
fi
data=$(cd "$data" && pwd)

make_venv "$venv"
install_into "$venv" run --editable "$root" python-mistralclient

trap stop_server EXIT
trap 'exit 130' INT TERM
say "Starting mistral-server on $url"
start_server "$venv" "$port" "$data"
upload_examples
run_example
if [[ -n $once ]]; then
  exit
fi

trap 'say; say Stopping; exit 0' INT TERM
say
say "Serving on $url (log: $data/server.log). Ctrl-C stops it. In another terminal:"
say "  export OS_MISTRAL_URL=$url"
say "  $venv/bin/mistral execution-list"
await_server
die "the server has ended; its log says: $(tail -n 15 "$data/server.log")"
