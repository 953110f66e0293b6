#!/usr/bin/env bash
# Make this machine ready for the tests that need other servers. Databases and brokers that are
# installed but down are started, and get the user and the database openstack_citest (password
# openstack_citest, nothing else in them); those that are not installed are left out. sshd is
# installed on Debian and Ubuntu if it is missing, and not started. Needs root.

set -euo pipefail

# shellcheck source=tools/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

readonly name=openstack_citest

installed() {
  command -v "$1" >/dev/null
}

# await SECONDS COMMAND...: repeat a command until it succeeds.
await() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" &>/dev/null; do
    ((SECONDS < deadline)) || die "'$*' still fails"
    sleep 0.5
  done
}

setup_postgresql() {
  local version cluster status
  while read -r version cluster _ status _; do
    [[ $status == online* ]] || pg_ctlcluster "$version" "$cluster" start
  done < <(pg_lsclusters --no-header)
  await 30 pg_isready --quiet
  su postgres -c 'psql -qAtX -v ON_ERROR_STOP=1' <<EOSQL
SELECT 'CREATE ROLE $name LOGIN PASSWORD ''$name''' WHERE NOT EXISTS (
  SELECT FROM pg_roles WHERE rolname = '$name') \gexec
SELECT 'CREATE DATABASE $name OWNER $name' WHERE NOT EXISTS (
  SELECT FROM pg_database WHERE datname = '$name') \gexec
EOSQL
}

setup_mariadb() {
  if ! mariadb-admin ping &>/dev/null; then
    install -d -o mysql -g mysql /run/mysqld
    start-stop-daemon --start --background --chuid mysql --exec "$(command -v mariadbd)"
    await 60 mariadb-admin ping
  fi
  mariadb <<EOSQL
CREATE USER IF NOT EXISTS '$name'@'localhost' IDENTIFIED BY '$name';
CREATE USER IF NOT EXISTS '$name'@'127.0.0.1' IDENTIFIED BY '$name';
CREATE DATABASE IF NOT EXISTS $name CHARACTER SET utf8mb4;
GRANT ALL ON $name.* TO '$name'@'localhost', '$name'@'127.0.0.1';
EOSQL
}

setup_rabbitmq() {
  if ! rabbitmqctl -q ping &>/dev/null; then
    rabbitmq-server -detached
    await 60 rabbitmqctl -q ping
  fi
}

setup_sshd() {
  say 'Installing openssh-server'
  # In runlevel 1 its service is not started.
  export RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive
  { apt-get -qq update && apt-get -qq install --no-install-recommends openssh-server; } >/dev/null ||
    say 'It cannot be installed: the tests that need it are left out.'
}

((EUID == 0)) || die 'run this as root'
if installed pg_ctlcluster; then setup_postgresql; fi
if installed mariadbd; then setup_mariadb; fi
if installed rabbitmqctl; then setup_rabbitmq; fi
if ! installed sshd && installed apt-get; then setup_sshd; fi
