# shellcheck shell=bash
# Messages and the virtual environment, for the scripts in tools/ and .ci/ (they source this file).

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() {
  printf '%s\n' "$*"
}

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# Print the comment at the top of the running script, without its marks.
usage() {
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
}

# Print the name of the first interpreter that is new enough; PYTHON names one explicitly.
find_python() {
  local candidate
  for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  die 'Python 3.11 or newer is needed: apt install python3 python3-venv'
}

# make_venv DIR: create a virtual environment unless a working one is there. One that was made
# elsewhere and moved is replaced, since its scripts point to the old place.
make_venv() {
  local venv=$1 python
  if [[ -f $venv/.place && $(<"$venv/.place") == "$venv" ]] &&
    "$venv/bin/python" -m pip --version &>/dev/null; then
    return
  fi
  python=$(find_python)
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    die 'the Python module venv is missing: apt install python3-venv'
  say "Creating the virtual environment $venv"
  "$python" -m venv --clear "$venv"
  printf '%s\n' "$venv" >"$venv/.place"
}

# install_into DIR NAME REQUIREMENT...: install what pip is told into a virtual environment. Does
# nothing if neither the arguments nor the requirement files have changed since the last time; NAME
# keeps several sets of requirements in one environment apart.
install_into() {
  local venv=$1 stamp=$1/.installed-$2 wanted
  shift 2
  wanted=$({
    printf '%s\n' "$@"
    cat "$root"/{setup.cfg,requirements.txt,test-requirements.txt}
  } | sha256sum)
  if [[ -f $stamp && $(<"$stamp") == "$wanted" ]]; then
    return
  fi
  say "Installing into $venv (takes a minute the first time)"
  "$venv/bin/python" -m pip install -qq --disable-pip-version-check "$@" ||
    die 'pip could not install the packages; its message is above'
  printf '%s\n' "$wanted" >"$stamp"
}
