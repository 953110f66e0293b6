import pytest

from mistral.expressions import Expressions
from mistral.tests.world import World


@pytest.fixture(scope='session')
def expressions() -> Expressions:
    return Expressions.load()


@pytest.fixture(params=[True, False], ids=['warm', 'cold'])
def world(expressions: Expressions, request: pytest.FixtureRequest) -> World:
    """A world that keeps executions in memory, and one that loads them for each event.

    What is true in one has to be true in the other. In the cold one what a test has looked at
    before an event shows nothing of that event, so tests look anew.
    """
    return World(expressions, remembers=request.param)
