import pytest

from mistral.expressions import Expressions
from mistral.tests.world import World


@pytest.fixture(scope='session')
def expressions() -> Expressions:
    return Expressions.load()


@pytest.fixture
def world(expressions: Expressions) -> World:
    return World(expressions)
