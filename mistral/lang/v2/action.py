"""An ad-hoc action: a base action with its input computed and its output transformed."""

from collections.abc import Mapping
from typing import Any, Final

from mistral.exceptions import DSLParsingException
from mistral.lang import shapes
from mistral.lang.inline import parse_call
from mistral.lang.problems import Place
from mistral.lang.specs import VERSION, ActionSpec
from mistral.lang.v2 import values

SHAPE: Final = shapes.record(
    {
        'base': shapes.text,
        'base-input': shapes.mapping,
        'input': values.PARAMETERS,
        'output': shapes.anything,
        'description': shapes.text,
        'tags': values.TEXT_LIST,
        'name': shapes.anything,
        'version': shapes.anything,
    },
    required=('base',),
)


def check(place: Place, _name: str, raw: Any) -> None:
    """Report everything that is wrong with an action."""
    if not place.fits(raw, SHAPE):
        return
    try:
        call = parse_call(raw['base'])
    except DSLParsingException as error:
        place.at('base').problem(str(error))
    else:
        place.at('base').check_expressions(call.parameters)
    for key in ('base-input', 'output'):
        place.at(key).check_expressions(raw.get(key))


def stored_form(name: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping kept in the `spec` columns."""
    return {**raw, 'name': name, 'version': VERSION}


def build(raw: Mapping[str, Any]) -> ActionSpec:
    """Build the specification from its stored form."""
    call = parse_call(raw['base'])
    return ActionSpec(
        name=raw['name'],
        base=call.name,
        raw=raw,
        parameters=call.parameters,
        base_input=raw.get('base-input') or {},
        input=values.read_parameters(raw.get('input')),
        output=raw.get('output'),
        description=raw.get('description'),
        tags=values.read_texts(raw.get('tags')),
    )
