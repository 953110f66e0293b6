"""A short run of the simulation; `tox -e simulation` is the long one."""

import pytest

from mistral.expressions import Expressions
from mistral.tests.simulation.invariants import ViolationError
from mistral.tests.simulation.simulator import Simulation
from mistral.workflow.turn import Turn


@pytest.mark.parametrize('seed', range(40))
def test_invariants_hold_whatever_happens(expressions: Expressions, seed: int) -> None:
    outcome = Simulation(seed, expressions).run()
    assert outcome.steps >= 100


def test_the_same_seed_comes_to_the_same_end(expressions: Expressions) -> None:
    outcomes = [Simulation(1, expressions).run() for _ in range(2)]
    assert outcomes[0] == outcomes[1]


def test_a_change_that_is_not_written_is_noticed(
    expressions: Expressions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Turn, 'touch_task', lambda self, task: None)
    with pytest.raises(ViolationError):
        Simulation(1, expressions).run()
