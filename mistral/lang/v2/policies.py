"""The policies of a task or of task-defaults."""

from collections.abc import Mapping
from typing import Any, Final

from mistral.lang.problems import Place
from mistral.lang.shapes import Shape
from mistral.lang.specs import NO_POLICIES, PoliciesSpec
from mistral.lang.v2 import retry, values

SHAPES: Final[Mapping[str, Shape]] = {
    'retry': retry.SHAPE,
    'wait-before': values.NUMBER_OR_EXPRESSION,
    'wait-after': values.NUMBER_OR_EXPRESSION,
    'timeout': values.NUMBER_OR_EXPRESSION,
    'pause-before': values.BOOLEAN_OR_EXPRESSION,
    'concurrency': values.NUMBER_OR_EXPRESSION,
    'fail-on': values.BOOLEAN_OR_EXPRESSION,
}


def check(place: Place, raw: Mapping[str, Any]) -> bool:
    """Check the policies in a task or in task-defaults; tell whether they can be built."""
    can_build = True
    for key in SHAPES:
        if key == 'retry' and key in raw:
            can_build = retry.check(place.at(key), raw[key])
        elif key in raw:
            place.at(key).check_expressions(raw[key])
    return can_build


def build(raw: Mapping[str, Any]) -> PoliciesSpec:
    if SHAPES.keys().isdisjoint(raw):
        return NO_POLICIES
    return PoliciesSpec(
        pause_before=values.read_flag(raw.get('pause-before')),
        wait_before=values.read_number(raw.get('wait-before')),
        wait_after=values.read_number(raw.get('wait-after')),
        fail_on=values.read_flag(raw.get('fail-on')),
        retry=retry.build(raw['retry']) if raw.get('retry') else None,
        timeout=values.read_number(raw.get('timeout')),
        concurrency=values.read_number(raw.get('concurrency')),
    )
