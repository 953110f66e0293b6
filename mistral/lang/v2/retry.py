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

#: Additions to the language of Mistral 23.
EXTENSIONS: Final = ('backoff', 'max-delay', 'jitter')

SHAPE: Final = shapes.one_of(
    shapes.record(
        {
            'count': values.NUMBER_OR_EXPRESSION,
            'delay': values.NUMBER_OR_EXPRESSION,
            'break-on': values.expression,
            'continue-on': values.expression,
            **dict.fromkeys(EXTENSIONS, values.QUANTITY_OR_EXPRESSION),
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
    place.check_extensions(mapping, EXTENSIONS)
    place.check_expressions(mapping)
    return True


def build(raw: Any) -> RetrySpec:
    mapping = _as_mapping(raw)
    return RetrySpec(
        count=values.read_number(mapping.get('count')) or 0,
        delay=values.read_number(mapping.get('delay')) or 0,
        break_on=values.read_expression(mapping.get('break-on')),
        continue_on=values.read_expression(mapping.get('continue-on')),
        backoff=values.read_quantity(mapping.get('backoff')),
        max_delay=values.read_quantity(mapping.get('max-delay')),
        jitter=values.read_quantity(mapping.get('jitter')),
    )


def _as_mapping(raw: Any) -> Mapping[str, Any]:
    if not isinstance(raw, str):
        return raw  # type: ignore[no-any-return]
    return {key: _whole(key, value) for key, value in parse_call(raw).parameters.items()}


def _whole(key: str, value: Any) -> Any:
    """One-line texts in use have fractions, which were always cut off."""
    is_fraction = isinstance(value, float) and math.isfinite(value)
    return int(value) if is_fraction and key not in EXTENSIONS else value
