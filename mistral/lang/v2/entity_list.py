"""Documents with a `version` and workflows, or ad-hoc actions, by name."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from mistral.lang import shapes
from mistral.lang.problems import Place
from mistral.lang.shapes import Mismatch
from mistral.lang.v2 import names

#: Any text or number passes: the versions in texts were never looked at.
_VERSION: Final = shapes.one_of(
    shapes.text, shapes.natural, shapes.non_negative, hint="The version is '2.0'."
)


def shape(value: Any) -> Iterator[Mismatch]:
    if not isinstance(value, dict):
        yield shapes.not_of_type(value, 'object')
        return
    if 'version' not in value:
        yield Mismatch(
            "'version' is a required property",
            typed=True,
            hint="Put version: '2.0' at the top of the text.",
        )
    for name, raw in value.items():
        yield from shapes.below(name, (_VERSION if name == 'version' else shapes.filled)(raw))


def check(place: Place, raw: Any, check_entity: Callable[[Place, str, Any], None]) -> None:
    """Report everything that is wrong with the document."""
    document = {} if raw is None else raw
    has_shape = place.fits(document, shape)
    if not isinstance(document, dict):
        return
    if has_shape and not entries(document):
        data = shapes.literal(document)
        place.problem(f'At least one item must be in the list [data={data}].')
    for name, entity in entries(document).items():
        names.check_entity_name(place.at(name), name)
        if isinstance(name, str) and isinstance(entity, dict) and entity:
            check_entity(place.at(name), name, entity)


def entries(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entity for name, entity in raw.items() if name != 'version'}
