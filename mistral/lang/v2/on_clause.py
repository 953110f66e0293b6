"""on-success, on-error, on-complete and on-skip: where to go next, and what to publish.

An entry is a name, a command with parameters, or a mapping of one of these to its condition. A
clause is an entry, a list of entries, or the advanced form with `publish` and `next`:

    on-success: t2
    on-success: [t2, {t3: <% $.go %>}, fail msg="never"]
    on-success:
      publish: {branch: {a: 1}, global: {b: 2}}
      next: [t2, t3]
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any, Final

from mistral.exceptions import DSLParsingException
from mistral.lang import shapes
from mistral.lang.inline import parse_command
from mistral.lang.problems import Place
from mistral.lang.shapes import Mismatch
from mistral.lang.specs import OnClauseSpec, TransitionSpec
from mistral.lang.v2 import publish, values
from mistral.lang.yaml_loader import Path

#: A name, a name with parameters, or a call with parameters.
_ENTRY: Final = re.compile(r'^\S+$|^\w+ \w+=(.*)$|^\w+\(\w+=(.*)\)$')
_ADVANCED_KEYS: Final = frozenset({'publish', 'next'})
_HINT: Final = (
    'Write the name of a task, a list of names, conditions as {name: <% condition %>},'
    " or a mapping with 'publish' and 'next'."
)


def shape(value: Any) -> Iterator[Mismatch]:
    if not _is_advanced(value):
        yield from _targets_shape(value)
        return
    if 'publish' in value:
        yield from shapes.below('publish', publish.shape(value['publish']))
    # An expression fits nothing here, but is better refused as the unknown task that it names.
    if 'next' in value and not values.is_whole_expression(value['next']):
        for mismatch in shapes.below('next', _targets_shape(value['next'])):
            # Clients know the reason with the whole clause in it.
            yield replace(mismatch, reason=shapes.unlike_all(value).reason, branches=())


def _targets_shape(value: Any) -> Iterator[Mismatch]:
    if isinstance(value, list):
        mismatches = list(_ENTRIES(value))
        if any(not mismatch.path for mismatch in mismatches):  # empty, or something stands twice
            mismatches = [shapes.unlike_all(value, hint=_HINT)]
        yield from mismatches
    else:
        yield from _entry_shape(value)


def _entry_shape(value: Any) -> Iterator[Mismatch]:
    if isinstance(value, dict) and len(value) == 1:
        [(target, guard)] = value.items()
        yield from shapes.text_keys(value)
        # Conditions of oddly spaced commands were never looked at; any text will do for them.
        is_checked = isinstance(target, str) and _ENTRY.search(target)
        guard_shape = values.expression if is_checked else shapes.text
        yield from shapes.below(target, guard_shape(guard))
    elif isinstance(value, dict):
        guards = (shapes.below(key, values.expression(guard)) for key, guard in value.items())
        yield replace(shapes.unlike_all(value, hint=_HINT), branches=tuple(chain(*guards)))
    elif not isinstance(value, str) or not _ENTRY.search(value):
        yield shapes.unlike_all(value, hint=_HINT)


_ENTRIES: Final = shapes.list_of(_entry_shape)


def check(place: Place, raw: Any) -> bool:
    """Check what is inside of a clause that has the shape; tell whether it can be built."""
    can_build = True
    if _is_advanced(raw) and 'publish' in raw:
        publish.check(place.at('publish'), raw['publish'])
    for path, entry in zip(entry_paths(raw), _entries(raw), strict=True):
        text, guard = _split_guard(entry)
        try:
            call = parse_command(text)
        except DSLParsingException as error:
            place.at(*path).problem(str(error))
            can_build = False
            continue
        for evaluated in (call.name, call.parameters, guard):
            place.at(*path).check_expressions(evaluated)
    return can_build


def build(raw: Any) -> OnClauseSpec:
    is_publishing = _is_advanced(raw) and raw.get('publish')
    return OnClauseSpec(
        next=tuple(map(_transition, _entries(raw))),
        publish=publish.build(raw['publish']) if is_publishing else None,
    )


def entry_paths(raw: Any) -> list[Path]:
    """The way from a clause to each of its entries."""
    start: Path = ('next',) if _is_advanced(raw) else ()
    targets = _targets(raw)
    if isinstance(targets, list):
        return [(*start, index) for index in range(len(targets))]
    return [start] if targets else []


def _entries(raw: Any) -> list[Any]:
    targets = _targets(raw)
    if isinstance(targets, list):
        return targets
    return [targets] if targets else []


def _targets(raw: Any) -> Any:
    return raw.get('next') if _is_advanced(raw) else raw


def _is_advanced(raw: Any) -> bool:
    return isinstance(raw, dict) and bool(raw) and raw.keys() <= _ADVANCED_KEYS


def _split_guard(entry: Any) -> tuple[str, str | None]:
    if isinstance(entry, str):
        return entry, None
    [(text, guard)] = entry.items()
    # A blank beside an expression would turn its value into text, which is always true.
    return text, str(guard).strip()


def _transition(entry: Any) -> TransitionSpec:
    text, guard = _split_guard(entry)
    call = parse_command(text)
    return TransitionSpec(call.name, guard, call.parameters)
