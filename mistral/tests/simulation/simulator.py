"""One simulation: a seed, the workflows and the circumstances that follow from it."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from mistral import states
from mistral.expressions import Expressions
from mistral.tests.simulation.chaos import Chaos
from mistral.tests.simulation.cluster import Cluster
from mistral.tests.simulation.generator import NAMES, generate
from mistral.tests.simulation.invariants import ViolationError
from mistral.workflow import events
from mistral.workflow.data_flow import DataFlowSettings
from mistral.workflow.ports import CoreSettings

#: How many steps of a simulation may be disturbed.
DISTURBED_STEPS = 100
#: A simulation that takes more steps than this to come to rest never does.
LONGEST = 5000
#: As soon as nothing is left to do another execution starts, but no more than this.
MOST_ROOTS = 4
#: How often somebody resumes what is paused in the end.
MOST_RESUMES = 60


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a simulation came to: its steps, executions by state, a digest of all that is stored."""

    steps: int
    executions: Counter[str]
    digest: str


class Simulation:
    """Runs the same story in two clusters: one never forgets, one loads everything each time.

    Raises ViolationError as soon as an invariant does not hold, or the two differ.
    """

    def __init__(
        self, seed: int, expressions: Expressions, trace: Callable[[str], None] | None = None
    ) -> None:
        self._seed = seed
        self._trace = trace
        self.definitions = generate(Random(seed))
        self._clusters = [self._cluster(expressions, reloads=reloads) for reloads in (False, True)]
        self._chaos = [Chaos(cluster) for cluster in self._clusters]
        self._steps = 0

    def run(self, disturbed_steps: int = DISTURBED_STEPS) -> Outcome:
        """Disturb so many steps, then let everything come to rest."""
        while self._steps < disturbed_steps:
            if self._clusters[0].is_idle() and len(self._roots()) < MOST_ROOTS:
                self._each(lambda number: self._start(self._clusters[number]))
            self._step(disturbed=True)
        for _ in range(MOST_RESUMES):
            while not self._clusters[0].is_idle():
                self._step(disturbed=False)
                if self._steps > LONGEST:
                    raise ViolationError('It does not come to rest')
            for cluster in self._clusters:
                cluster.inspector.at_rest(cluster)
            paused = self._paused()
            if not paused:
                break
            for execution_id in paused:
                self._each(partial(self._resume, execution_id))
        else:
            raise ViolationError(f'Paused for ever: {self._paused()}')
        storage = self._clusters[0].storage
        return Outcome(
            self._steps,
            Counter(row['state'] for row in storage.executions.stored.values()),
            storage.digest(),
        )

    def _cluster(self, expressions: Expressions, *, reloads: bool) -> Cluster:
        rng = Random(f'{self._seed} settings')
        settings = CoreSettings(
            data_flow=DataFlowSettings(
                merge_strategy=rng.choice(('replace', 'replace', 'merge')),
                versioning=rng.random() < 0.8,
            ),
            items_portion=rng.choice((1, 2, 500)),
        )
        cluster = Cluster(
            expressions, reloads=reloads, settings=settings, rng=Random(f'{self._seed} steps')
        )
        cluster.define(self.definitions.removeprefix("version: '2.0'\n"))
        return cluster

    def _start(self, cluster: Cluster) -> str:
        notify = [{'type': 'noop'}] if cluster.rng.random() < 0.3 else None
        return 'start' + cluster.attempt(cluster.begin, NAMES[0], notify)

    def _step(self, *, disturbed: bool) -> None:
        self._each(lambda number: self._chaos[number].step(disturbed=disturbed))

    def _resume(self, execution_id: str, number: int) -> str:
        cluster = self._clusters[number]
        outcome = cluster.attempt(cluster.apply, execution_id, events.Resume())
        return f'{execution_id[:8]} resume{outcome}'

    def _each(self, step: Callable[[int], str]) -> None:
        """Take a step in both clusters and compare what comes of it."""
        self._steps += 1
        texts = [step(0), step(1)]
        if self._trace is not None:
            self._trace(f'{self._steps:4} {texts[0]}')
        if texts[0] != texts[1]:
            raise ViolationError(f'Step {self._steps} differs: {texts[0]} / {texts[1]}')
        remembered, loaded = (cluster.storage.contents() for cluster in self._clusters)
        if remembered != loaded:
            differences = '\n  '.join(_differences(remembered, loaded))
            raise ViolationError(f'Step {self._steps}:\n  {differences}')

    def _roots(self) -> list[str]:
        stored = self._clusters[0].storage.executions.stored
        return [id_ for id_, row in stored.items() if not row['task_execution_id']]

    def _paused(self) -> list[str]:
        stored = self._clusters[0].storage.executions.stored
        return [id_ for id_, row in stored.items() if row['state'] == states.PAUSED]


def _differences(remembered: dict[str, Any], loaded: dict[str, Any]) -> Iterator[str]:
    """The values in which the two databases differ."""
    for table, kept in remembered.items():
        for id_ in {**kept, **loaded[table]}:
            rows = kept.get(id_) or {}, loaded[table].get(id_) or {}
            for name in {**rows[0], **rows[1]}:
                values = [row.get(name) for row in rows]
                if values[0] != values[1]:
                    where = f'{table} {id_} ({rows[0].get("name")})'
                    yield f'{where}: {name} is {values[0]} remembered, {values[1]} loaded'
