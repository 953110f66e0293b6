"""Clusters of real processes, with a database and a virtual host of the broker to themselves."""

import os
import random
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mistral.tests.functional.cluster.members import Member
from mistral.tests.functional.conftest import empty_database
from mistral.tests.functional.rpc.buses import virtual_host
from mistral.tests.functional.rpc.conftest import BROKER
from mistral.tests.functional.service.processes import Options, run
from mistral.tests.functional.service.rest import Rest

#: Processes of each component.
SMALL: Final = {'notifier': 1, 'executor': 1, 'engine': 1, 'scheduler': 1, 'api': 1}
PAIRS: Final = {**SMALL, 'executor': 2, 'engine': 2}

#: Lost actions are noticed within seconds.
SHORT_HEARTBEATS: Final = {
    'action_heartbeat': {'check_interval': 1, 'max_missed_heartbeats': 3},
}

#: Below those that the operating system gives to outgoing connections.
_PORTS: Final = range(20000, 32000)

#: Seconds; less than tests wait for the end of a process.
_STOPS_WITHIN: Final = 15


@dataclass(frozen=True)
class Places:
    """What a cluster works on."""

    database_url: str
    broker_url: str

    @property
    def vhost(self) -> str:
        return self.broker_url.rpartition('/')[2]


class Cluster:
    """Members, by their names: the component and a number."""

    def __init__(
        self,
        home: Path,
        options: Options,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home
        self.members: dict[str, Member] = {}
        self.options = options
        self._variables = variables

    def add(self, components: str, options: Options | None = None) -> Member:
        """Another member, not started yet; its own options are the last word."""
        number = 1 + sum(member.components == components for member in self.members.values())
        name = f'{components}-{number}'
        merged = merge(self.options, options or {})
        member = Member(name, components, self.home, merged, self._variables)
        self.members[name] = member
        return member

    def __getitem__(self, name: str) -> Member:
        return self.members[name]

    def start(self) -> None:
        """Start all members that do not run, at the same time, and wait for them."""
        starting = [member for member in self.members.values() if not member.is_running]
        for member in starting:
            member.start()
        for member in starting:
            member.wait_until_ready()

    def stop(self) -> None:
        """Stop those that run as an operator does, and see that they go in peace."""
        running = [member for member in self.members.values() if member.is_running]
        for member in running:
            member.terminate()
        codes = {member.name: member.exit_code() for member in running}
        assert set(codes.values()) <= {0}, codes

    def erase(self) -> None:
        for member in self.members.values():
            member.erase()

    @property
    def rest(self) -> Rest:
        """A new client of the API."""
        return next(m for m in self.members.values() if m.components in {'api', 'all'}).rest

    @property
    def tracebacks(self) -> dict[str, list[str]]:
        found = {name: member.tracebacks for name, member in self.members.items()}
        return {name: lines for name, lines in found.items() if lines}

    def show_logs(self) -> None:
        """Print them; pytest shows that if a test has failed."""
        for name, member in self.members.items():
            print(f'--- {name}\n{member.log[-20_000:]}')


@contextmanager
def fresh_places(home: Path, database: str) -> Iterator[Places]:
    """An empty database with the schema, and an empty virtual host."""
    with (
        empty_database(database, home) as database_url,
        virtual_host(BROKER.partition(':')[0]) as vhost,
    ):
        migrate(home, database_url)
        yield Places(database_url, f'rabbit://{BROKER}/{vhost}')


def migrate(home: Path, database_url: str) -> None:
    done = run(home, 'mistral-db-manage', 'upgrade', 'head', OS_DATABASE__CONNECTION=database_url)
    assert done.returncode == 0, done.stderr


@contextmanager
def cluster_of(
    home: Path, options: Options, variables: Mapping[str, str] | None = None
) -> Iterator[Cluster]:
    """A cluster without members yet, of which nothing is left in the end."""
    cluster = Cluster(home, options, variables)
    try:
        yield cluster
        cluster.stop()
    finally:
        cluster.erase()
        cluster.show_logs()


@contextmanager
def running_cluster(
    home: Path,
    rpc: str,
    database: str,
    counts: Mapping[str, int],
    options: Options | None = None,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Cluster]:
    """A cluster at work with so many processes of each component."""
    with (
        fresh_places(home, database) as places,
        cluster_of(home, merge(basic_options(places, rpc), options or {}), variables) as cluster,
    ):
        for component, count in counts.items():
            for _ in range(count):
                cluster.add(component)
        cluster.start()
        yield cluster


def basic_options(places: Places, rpc: str) -> Options:
    return {
        'DEFAULT': {
            'transport_url': places.broker_url,
            'rpc_implementation': rpc,
            'default_log_levels': 'workflow_trace=WARNING,amqp=WARN',
            # An executor that stops with the engines has to give up a result that none takes.
            'graceful_shutdown_timeout': _STOPS_WITHIN,
        },
        'api': {'host': '127.0.0.1', 'port': free_port()},
        'pecan': {'auth_enable': False},
        'oslo_policy': {'policy_file': 'policy.yaml'},
        'database': {'connection': places.database_url},
        'action_std_http': {'denied_cidrs': ''},
    }


def merge(one: Options, other: Options) -> Options:
    """The options of both; the other's win."""
    return {group: {**one.get(group, {}), **other.get(group, {})} for group in {**one, **other}}


def free_port() -> int:
    """A port that a server can take again after a restart."""
    while True:
        port = random.SystemRandom().choice(_PORTS)
        with suppress(OSError), socket.create_server(('127.0.0.1', port)):
            return port


def variables_for_plugins(*places: Path) -> dict[str, str]:
    """Environment variables with which processes find installed packages in these directories."""
    known = os.environ.get('PYTHONPATH')
    return {'PYTHONPATH': os.pathsep.join([*map(str, places), *([known] if known else [])])}
