"""The read-only faces of a context."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yaql.language import utils

from mistral.expressions.views import ContextView, FrozenMap, freeze

DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('ab'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab'), inner, max_size=3),
)


@settings(max_examples=50)
@given(st.dictionaries(st.text('ab'), DATA, max_size=3))
def test_frozen_map_is_what_yaql_makes_of_a_mapping(data: dict[str, Any]) -> None:
    ours, yaqls = FrozenMap(data), utils.convert_input_data(data)
    assert ours == yaqls
    assert hash(ours) == hash(yaqls)
    assert repr(ours) == repr(yaqls)
    assert list(ours.items()) == list(yaqls.items())


def test_freeze_converts_only_what_is_not_frozen() -> None:
    frozen = freeze({'a': [1, [2], {'b': {3}}]})
    assert freeze(frozen) is frozen
    assert frozen['a'] == (1, (2,), FrozenMap({'b': frozenset({3})}))
    assert list(freeze(iter([[1]]))) == [(1,)]
    assert frozen['a'] is frozen['a']


def test_context_view_hides_bookkeeping() -> None:
    view = ContextView({'a': 1, '__versions': {}, '__env': {}})
    assert dict(view) == {'a': 1, '__env': {}}
    assert len(view) == 2
    assert '__versions' not in view
    assert repr(view) == "{'a': 1, '__env': {}}"


@pytest.mark.parametrize('method', ['clear', 'pop', 'popitem', 'setdefault', 'update'])
def test_context_view_is_immutable(method: str) -> None:
    with pytest.raises(TypeError, match=r'^Context view is immutable\.$'):
        getattr(ContextView({'a': 1}), method)('a')
