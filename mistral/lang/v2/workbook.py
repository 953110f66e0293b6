"""A workbook: workflows and actions that belong together."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mistral.lang import shapes
from mistral.lang.problems import Place
from mistral.lang.shapes import Mismatch
from mistral.lang.specs import VERSION, WorkbookSpec
from mistral.lang.v2 import action, names, values, workflow

_MEMBER_NAME: Final = r'^(?!version$)[\w-]+$'
_VERSION_KEY: Final = '^version$'


def _section_shape(value: Any) -> Iterator[Mismatch]:
    yield from shapes.filled(value)
    if not isinstance(value, dict):
        return
    yield from shapes.text_keys(value)
    odd = sorted(n for n in members(value) if isinstance(n, str) and not re.search(_MEMBER_NAME, n))
    if odd:
        verb = 'does' if len(odd) == 1 else 'do'
        yield Mismatch(
            f'{", ".join(map(repr, odd))} {verb} not match any of the regexes:'
            f' {_MEMBER_NAME!r}, {_VERSION_KEY!r}',
            key=odd[0],
            hint='Names in a workbook are made of letters, digits, - and _.',
        )
    for name, raw in members(value).items():
        yield from shapes.below(name, shapes.not_null(raw))
    if 'version' in value:
        yield from shapes.below('version', shapes.choice('2.0', 2.0)(value['version']))


_MEMBERS: Final = shapes.record(
    {
        'version': shapes.anything,
        'name': shapes.text,
        'description': shapes.text,
        'tags': values.TEXT_LIST,
        'workflows': _section_shape,
        'actions': _section_shape,
    }
)


def shape(value: Any) -> Iterator[Mismatch]:
    yield from _MEMBERS(value)
    if isinstance(value, dict):
        yield from shapes.without(('name', 'version'), value)


def check(place: Place, raw: Any) -> None:
    """Report everything that is wrong with a workbook."""
    document = {} if raw is None else raw
    if isinstance(document, dict) and not _is_supported(document.get('version', VERSION)):
        place.at('version').problem(
            f'Unsupported DSL version: {document["version"]}', "The version is '2.0'."
        )
        return
    place.fits(document, shape)
    if not isinstance(document, dict):
        return
    workbook_name = document.get('name')
    if isinstance(workbook_name, str) and workbook_name:
        names.check_entity_name(place.at('name'), workbook_name)
    for section, check_member in (('workflows', workflow.check), ('actions', action.check)):
        for name, member in members(document.get(section)).items():
            at = place.at(section, name)
            if isinstance(name, str) and member is not None:
                names.check_entity_name(at, name, prefix=f'{workbook_name}.')
                check_member(at, name, member)


def _is_supported(version: Any) -> bool:
    try:
        return float(version) == float(VERSION)
    except (TypeError, ValueError, OverflowError):
        return False


def members(section: Any) -> dict[Any, Any]:
    """The workflows or actions in a section, without its `version`."""
    if not isinstance(section, dict):
        return {}
    return {name: raw for name, raw in section.items() if name != 'version'}


def stored_form(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping kept in the `spec` column."""
    sections = {}
    for section, member_form in (
        ('workflows', workflow.stored_form),
        ('actions', action.stored_form),
    ):
        if raw.get(section):
            sections[section] = {
                name: member_form(name, member) for name, member in members(raw[section]).items()
            }
    return {**raw, 'version': VERSION, **sections}


def build(raw: Mapping[str, Any]) -> WorkbookSpec:
    """Build the specification from its stored form."""
    return WorkbookSpec(
        name=raw['name'],
        raw=raw,
        description=raw.get('description'),
        tags=values.read_texts(raw.get('tags')),
        workflows=tuple(map(workflow.build, members(raw.get('workflows')).values())),
        actions=tuple(map(action.build, members(raw.get('actions')).values())),
    )
