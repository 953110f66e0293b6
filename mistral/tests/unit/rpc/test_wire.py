"""What travels between processes arrives as it was."""

from datetime import datetime
from types import MappingProxyType

import pytest

from mistral.context import RequestContext
from mistral.rpc import wire


@pytest.mark.parametrize(
    'value',
    [
        None,
        {'a': [1, 2.5, 'x', None, True], 'é\U0001f600': {}},
        {'created_at': datetime(2026, 1, 2, 3, 4, 5, 6), 'updated_at': None},  # noqa: DTZ001
        [10**40, -1],
    ],
)
def test_round_trip(value):
    assert wire.load(wire.dump(value)) == value


def test_views_of_mappings_become_mappings():
    assert wire.load(wire.dump({'a': MappingProxyType({'b': 1})})) == {'a': {'b': 1}}


def test_what_is_not_data_is_refused():
    with pytest.raises(TypeError, match='object cannot be sent'):
        wire.dump({'a': object()})


def test_caller():
    caller = RequestContext(
        project_id='p', user_name='me', roles=('admin', 'member'), is_admin=True,
        security={'auth_token': 't'},
    )  # fmt: skip
    assert wire.load_caller(wire.dump_caller(caller)) == caller
