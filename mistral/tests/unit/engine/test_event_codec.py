"""Events survive being stored and sent as JSON."""

import dataclasses
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistral.db.types import dump_json, load_json
from mistral.workflow import event_codec, events

EVENT_TYPES = typing.get_args(events.Event)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)

#: Values of the types that fields of events have.
FIELDS = {
    str: st.text(),
    int: st.integers(min_value=0, max_value=2**60),
    bool: st.booleans(),
    typing.Any: json_values,
    str | None: st.none() | st.text(),
    dict[str, typing.Any]: st.dictionaries(st.text(), json_values, max_size=3),
    dict[str, typing.Any] | None: st.none() | st.dictionaries(st.text(), json_values, max_size=3),
    # JSON knows no tuples.
    tuple[str, ...]: st.lists(st.text(), max_size=3),
}


def any_of(event_type):
    hints = typing.get_type_hints(event_type)
    names = [field.name for field in dataclasses.fields(event_type)]
    return st.builds(event_type, **{name: FIELDS[hints[name]] for name in names})


@pytest.mark.parametrize('event_type', EVENT_TYPES, ids=lambda event_type: event_type.__name__)
@given(data=st.data())
@settings(max_examples=20)
def test_round_trip(event_type, data):
    event = data.draw(any_of(event_type))
    stored = load_json(dump_json(event_codec.encode(event)))
    assert event_codec.decode(stored) == event


def test_unknown_type():
    with pytest.raises(KeyError):
        event_codec.decode({'type': 'Explode'})
