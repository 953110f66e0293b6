"""Which executions stay in memory."""

import pytest

from mistral.engine.cache import WarmExecutions


class State:
    """An execution of a size."""

    def __init__(self, id_, size):
        self.execution = self
        self.id = id_
        self._size = size

    def size(self):
        return self._size


@pytest.fixture
def warm():
    return WarmExecutions(max_objects=10)


def test_what_is_put_in_comes_out_once(warm):
    state = State('a', 1)
    warm.put(state)
    assert warm.take('a') is state
    assert warm.take('a') is None


def test_least_recently_used_go_first(warm):
    for id_ in 'abc':
        warm.put(State(id_, 3))
    warm.put(warm.take('a'))
    warm.put(State('d', 3))
    assert [id_ for id_ in 'abcd' if warm.take(id_)] == ['a', 'c', 'd']


def test_one_that_is_too_large_is_not_kept(warm):
    warm.put(State('a', 3))
    warm.put(State('b', 11))
    assert (warm.take('a'), warm.take('b')) == (None, None)
    warm.put(State('c', 10))
    assert warm.take('c')


def test_growth_counts(warm):
    state = State('a', 1)
    warm.put(state)
    state = warm.take('a')
    state._size = 8
    warm.put(state)
    warm.put(State('b', 3))
    assert warm.take('a') is None
    assert warm.take('b')
