"""The retry policy: a mapping, or one line such as 'count=3 delay=<% $.pause %>'."""

import math
from collections.abc import Mapping
from typing import Any, Final

from mistral.exceptions import DSLParsingException
from mistral.lang import shapes
from mistral.lang.inline import parse_call
from mistral.lang.problems import Place
from mistral.lang.specs import RetrySpec
from mistral.lang.v2 import values

SHAPE: Final = shapes.one_of(
    shapes.record(
        {
            'count': values.NUMBER_OR_EXPRESSION,
            'delay': values.NUMBER_OR_EXPRESSION,
            'break-on': values.expression,
            'continue-on': values.expression,
        },
        required=('count', 'delay'),
    ),
    shapes.text,
    hint="Write a mapping with 'count' and 'delay', or one line: count=3 delay=1",
)


def check(place: Place, raw: Any) -> bool:
    """Check what is inside of a retry that has the shape; tell whether it can be built."""
    try:
        mapping = _as_mapping(raw)
    except DSLParsingException as error:
        place.problem(str(error))
        return False
    if isinstance(raw, str) and not place.fits(mapping, SHAPE):
        return False
    place.check_expressions(mapping)
    return True


def build(raw: Any) -> RetrySpec:
    mapping = _as_mapping(raw)
    return RetrySpec(
        count=values.read_number(mapping.get('count')) or 0,
        delay=values.read_number(mapping.get('delay')) or 0,
        break_on=values.read_expression(mapping.get('break-on')),
        continue_on=values.read_expression(mapping.get('continue-on')),
    )


def _as_mapping(raw: Any) -> Mapping[str, Any]:
    if not isinstance(raw, str):
        return raw  # type: ignore[no-any-return]
    # One-line texts in use have fractions, which were always cut off.
    return {
        key: int(value) if isinstance(value, float) and math.isfinite(value) else value
        for key, value in parse_call(raw).parameters.items()
    }
