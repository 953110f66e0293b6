#!/usr/bin/env bash
# Start a cluster of the service and measure it, see README.rst.
#
#   tools/benchmark/run.sh [--database postgresql|mariadb] [--rpc kombu|oslo]
#                          [--engines N] [--executors N] [-- MEASURE-ARGUMENT...]

set -euo pipefail

# shellcheck source=tools/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"

if [[ -z ${MISTRAL_VENV:-} ]]; then
  make_venv "$root/.venv"
  install_into "$root/.venv" test --editable "${root}[postgresql,mysql]" \
    --requirement "$root/test-requirements.txt"
fi
cd "$root"
cluster=(--engines 1 --executors 1)
while (($#)); do
  if [[ $1 == -- ]]; then
    shift
    break
  fi
  cluster+=("$1")
  shift
done
python=${MISTRAL_VENV:-$root/.venv}/bin/python
exec "$python" -m mistral.tests.functional.cluster "${cluster[@]}" \
  "$python" tools/benchmark/measure.py '{url}' "$@"
