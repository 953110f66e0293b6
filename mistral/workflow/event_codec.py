"""Events as JSON: how they are stored in the job store and travel between engines."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from mistral.workflow import events

_TYPES: Final[Mapping[str, type]] = {
    cls.__name__: cls
    for cls in (
        events.Begin,
        events.ActionCompleted,
        events.ActionUpdated,
        events.SubworkflowUpdated,
        events.TimerFired,
        events.ContinueItems,
        events.Pause,
        events.Resume,
        events.Stop,
        events.UpdateEnv,
        events.Rerun,
        events.Skip,
        events.Settle,
        events.Recover,
    )
}


def encode(event: events.Event) -> dict[str, Any]:
    """A mapping with the event's type under `type` and its fields."""
    fields = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    return {'type': type(event).__name__, **fields}


def decode(data: Mapping[str, Any]) -> events.Event:
    """The opposite of `encode`.

    Raises KeyError for an unknown type of event, TypeError or ValueError for other fields than it
    has.
    """
    fields = dict(data)
    event: events.Event = _TYPES[fields.pop('type')](**fields)
    return event
