"""A run of chaos from beginning to end."""

import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import requests

from mistral.tests.chaos import ledger, schedule
from mistral.tests.chaos.disturbances import Disturber
from mistral.tests.chaos.load import Load
from mistral.tests.chaos.verdict import Verdict
from mistral.tests.chaos.workflows import DEFINITIONS
from mistral.tests.functional.cluster.cluster import (
    PAIRS,
    Cluster,
    basic_options,
    cluster_of,
    fresh_places,
    merge,
    variables_for_plugins,
)

_COUNTS: Final = {**PAIRS, 'scheduler': 2}

_OPTIONS: Final[dict[str, dict[str, object]]] = {
    'DEFAULT': {'rpc_response_timeout': 10},
    # A new process has to get a beat through before actions of its peers count as lost.
    'action_heartbeat': {'check_interval': 1, 'max_missed_heartbeats': 5},
    'scheduler': {'pickup_job_after': 2, 'captured_job_timeout': 4},
    'notifier': {'notify': '[{"type": "noop"}]'},
}


@dataclass(frozen=True)
class Settings:
    rounds: int
    seed: int
    rpc: str = 'kombu'
    database: str = 'postgresql'
    outages: bool = False


@dataclass
class Report:
    """`counts` are the disturbances by their kinds, `states` the ends of executions."""

    settings: Settings
    counts: Counter[str] = field(default_factory=Counter)
    executions: int = 0
    states: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    runs: int = 0
    lost: int = 0
    duplicates: int = 0
    faults: list[str] = field(default_factory=list)
    tracebacks: dict[str, list[str]] = field(default_factory=dict)
    seconds: float = 0

    def __str__(self) -> str:
        settings = self.settings
        kills = self.counts[schedule.KILL]
        states = ', '.join(f'{count} {state}' for state, count in self.states.most_common())
        told = (
            f'seed {settings.seed}, {settings.rpc}, {settings.database}: {settings.rounds} rounds, '
            f'{kills} kills, {self.counts.total() - kills} outages, {self.seconds:.0f} s\n'
            f'{self.executions} executions ({states}), {self.repeated} requests repeated, '
            f'{self.runs} runs of actions\n'
            f'{self.lost} losses, {self.duplicates} duplicates, {len(self.faults)} faults'
        )
        found = [f'log of {name}: {line}' for name in self.tracebacks
                 for line in self.tracebacks[name]]  # fmt: skip
        return '\n'.join([told, *self.faults, *found])


def run(home: Path, settings: Settings) -> Report:
    """Disturb a cluster; the report tells what came of it."""
    began = time.monotonic()
    report = Report(settings)
    plugin, notes = home / 'plugin', home / 'notes'
    for directory in (plugin, notes):
        directory.mkdir()
    ledger.install_plugin(plugin)
    variables = {**variables_for_plugins(plugin), ledger.VARIABLE: str(notes)}
    with _noting_failures(report), fresh_places(home, settings.database) as places:
        options = merge(basic_options(places, settings.rpc), _OPTIONS)
        with cluster_of(home, options, variables) as cluster:
            for component, count in _COUNTS.items():
                for _ in range(count):
                    cluster.add(component)
            cluster.start()
            disturber = Disturber(cluster, places)
            load = _disturb(cluster, disturber, settings)
            verdict = Verdict(cluster.rest, load, places, notes)
            with load.answering():
                verdict.reach()
            _fill(report, disturber, load, verdict)
            report.runs = ledger.runs(notes).total()
            report.tracebacks = cluster.tracebacks
    report.seconds = time.monotonic() - began
    return report


@contextmanager
def _noting_failures(report: Report) -> Iterator[None]:
    """What ends the run early is a fault; what is known by then is reported all the same."""
    try:
        yield
    except (AssertionError, subprocess.SubprocessError, requests.RequestException) as e:
        report.faults.append(f'{type(e).__name__}: {e}')


def _disturb(cluster: Cluster, disturber: Disturber, settings: Settings) -> Load:
    """Returns the load; everything runs again then."""
    cluster.rest.upload(DEFINITIONS)
    plan = schedule.plan(
        settings.seed, settings.rounds, list(cluster.members), outages=settings.outages
    )
    url = cluster.rest.url
    load = Load(url)
    with load.answering():
        with load.running():
            disturber.carry_out(plan)
        disturber.bring_up()
    return load


def _fill(report: Report, disturber: Disturber, load: Load, verdict: Verdict) -> None:
    report.counts = disturber.counts
    report.executions = len(load.started)
    report.repeated = load.repeated
    report.states = verdict.states
    report.lost = verdict.lost
    report.duplicates = verdict.duplicates
    report.faults = [*load.complaints, *verdict.faults]


def is_good(report: Report) -> bool:
    return not (report.faults or report.lost or report.duplicates or report.tracebacks)


def settings_of(values: Any) -> Settings:
    """From the arguments of a command line."""
    database = 'mariadb' if values.database == 'mysql' else values.database
    return Settings(values.rounds, values.seed, values.rpc, database, values.outages)
