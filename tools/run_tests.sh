#!/usr/bin/env bash
# Set up .venv and run the checks of the project.
#
#   tools/run_tests.sh [lint|unit|functional|all]... [-- PYTEST-ARGUMENT...]
#
# Without a word all of them run. A failing one does not stop the others; the exit status is 1 if
# any failed.
#
# Environment:
#   MISTRAL_VENV  a ready virtual environment to use as it is, instead of .venv
#   PYTHON        interpreter to make .venv with (the first one that is 3.11 or newer)

set -euo pipefail

# shellcheck source=tools/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
cd "$root"

failed=()

# check NAME COMMAND...: run a command and remember if it failed.
check() {
  local name=$1
  shift
  printf '\n== %s\n' "$name"
  "$@" || failed+=("$name")
}

run_lint() {
  local scripts
  mapfile -t scripts < <(find tools .ci devstack -name '*.sh' -o -path .ci/run)
  check 'ruff check' "$bin/ruff" check
  check 'ruff format' "$bin/ruff" format --check
  check mypy "$bin/mypy"
  check import-linter "$bin/lint-imports"
  check shellcheck "$bin/shellcheck" -x "${scripts[@]}"
}

# run_pytest JOBS DIRECTORY: run tests, those of one file in one process.
run_pytest() {
  "$bin/python" -m pytest --numprocesses "$1" --dist loadfile "$2" "${pytest_arguments[@]}"
}

run_unit() {
  check 'unit tests' run_pytest auto mistral/tests/unit
}

# They wait for processes more than they compute.
run_functional() {
  check 'functional tests' run_pytest 4 mistral/tests/functional
}

suites=()
while (($#)); do
  case $1 in
    lint | unit | functional) suites+=("$1") ;;
    all) suites+=(lint unit functional) ;;
    --)
      shift
      break
      ;;
    -h | --help)
      usage
      exit
      ;;
    *) die "unknown suite '$1'; there are lint, unit, functional and all" ;;
  esac
  shift
done
pytest_arguments=("$@")
((${#suites[@]})) || suites=(lint unit functional)

if [[ -z ${MISTRAL_VENV:-} ]]; then
  make_venv "$root/.venv"
  install_into "$root/.venv" test --editable "${root}[postgresql,mysql,javascript]" \
    --requirement "$root/test-requirements.txt"
fi
bin=${MISTRAL_VENV:-$root/.venv}/bin

for suite in "${suites[@]}"; do
  "run_$suite"
done

echo
((${#failed[@]} == 0)) || die "failed: $(IFS=,; printf '%s' "${failed[*]}")"
say 'All checks passed.'
