import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral.utils.plain import to_plain

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


class Point:
    def __init__(self):
        self.x = 1


@given(json_values)
def test_plain_data_stays_as_it_is(value):
    assert to_plain(value) is value


@pytest.mark.parametrize(
    ('value', 'plain'),
    [
        ((1, 2), [1, 2]),
        ({3}, [3]),
        ({1: {2: 'x'}}, {'1': {'2': 'x'}}),
        ([datetime.datetime(2020, 1, 1)], ['2020-01-01T00:00:00.000000']),  # noqa: DTZ001
        (b'abc', 'abc'),
        (Point(), {'x': 1}),
    ],
)
def test_what_looks_like_it_is_converted(value, plain):
    assert to_plain(value) == plain


@pytest.mark.parametrize('value', [float('nan'), [float('inf')], b'\xff', object()])
def test_the_rest_is_refused(value):
    with pytest.raises(ValueError):  # noqa: PT011 - the texts are those of the libraries
        to_plain(value)


def test_a_value_within_itself_is_refused():
    value = []
    value.append(value)
    with pytest.raises(RecursionError):
        to_plain(value)
