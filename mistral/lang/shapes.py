"""What a value of a definition must look like, and what is wrong with one that does not.

A shape is a function from a value to its mismatches (none if it fits). The reasons are worded as
JSON schema validators word them, and the same one is picked out of several, because clients know
these texts: see `in_order`.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

#: Characters of a value shown in a reason.
_MAX_SHOWN: Final = 1000


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Why a value, or the part of it that `path` leads to, does not have a shape.

    `key` is the entry of that part that the mismatch is about, if it is about one. `typed` tells
    that the value has at least the right type; `branches` are the mismatches with all
    alternatives of a union.
    """

    reason: str
    path: tuple[str | int, ...] = ()
    key: Any = None
    typed: bool = False
    branches: tuple['Mismatch', ...] = ()
    is_union: bool = False
    hint: str | None = None


Shape: TypeAlias = Callable[[Any], Iterable[Mismatch]]


def literal(value: Any) -> str:
    """The value as messages show it: a Python literal, cut when very long."""
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f'{text[:_MAX_SHOWN]}...'


def in_order(mismatches: Sequence[Mismatch]) -> list[Mismatch]:
    """One mismatch for each thing that is wrong, the most relevant one first.

    That is the shallowest one, since the most is wrong there. Of a union it is the deepest one,
    which belongs to the alternative that was meant, unless two alternatives come equally close.
    """
    if not mismatches:
        return []
    first = max(mismatches, key=_relevance)
    return [_meant(first), *(_meant(other) for other in mismatches if other is not first)]


def _meant(mismatch: Mismatch) -> Mismatch:
    while mismatch.branches:
        ranked = sorted(mismatch.branches, key=_relevance)
        if len(ranked) > 1 and _relevance(ranked[0]) == _relevance(ranked[1]):
            break
        closest = ranked[0]
        hints = (mismatch.hint, closest.hint) if closest.is_union else (closest.hint, mismatch.hint)
        is_inside = len(closest.path) > len(mismatch.path)
        mismatch = replace(closest, hint=closest.hint if is_inside else hints[0] or hints[1])
    return mismatch


def _relevance(mismatch: Mismatch) -> tuple[int, list[tuple[int, str]], bool, bool]:
    path = [(key, '') if isinstance(key, int) else (-1, str(key)) for key in mismatch.path]
    return -len(path), path, not mismatch.is_union, not mismatch.typed


def anything(_value: Any) -> Iterator[Mismatch]:
    return iter(())


def not_null(value: Any) -> Iterator[Mismatch]:
    if value is None:
        yield unlike_all(value)


def text(value: Any) -> Iterator[Mismatch]:
    """A string of at least one character."""
    if not isinstance(value, str):
        yield not_of_type(value, 'string')
    elif not value:
        yield Mismatch(f'{value!r} should be non-empty', typed=True)


def boolean(value: Any) -> Iterator[Mismatch]:
    if not isinstance(value, bool):
        yield not_of_type(value, 'boolean')


def natural(value: Any) -> Iterator[Mismatch]:
    """An integer of at least 0; 1.0 counts as an integer, a boolean does not."""
    if not is_integer(value):
        yield not_of_type(value, 'integer')
    yield from _below_zero(value, typed=is_integer(value))


def non_negative(value: Any) -> Iterator[Mismatch]:
    """A number of at least 0."""
    if not is_number(value):
        yield not_of_type(value, 'number')
    yield from _below_zero(value, typed=True)


def _below_zero(value: Any, *, typed: bool) -> Iterator[Mismatch]:
    if is_number(value) and value < 0:
        yield Mismatch(f'{literal(value)} is less than the minimum of 0', typed=typed)


def filled(value: Any) -> Iterator[Mismatch]:
    """A mapping with at least one entry."""
    if not isinstance(value, dict):
        yield not_of_type(value, 'object')
    elif not value:
        yield Mismatch('{} should be non-empty', typed=True)


def mapping(value: Any) -> Iterator[Mismatch]:
    """A mapping of strings to anything, with at least one entry."""
    yield from filled(value)
    if isinstance(value, dict):
        yield from text_keys(value)


def text_keys(value: Mapping[Any, Any]) -> Iterator[Mismatch]:
    for key in value:
        if not isinstance(key, str):
            yield Mismatch(
                f"{literal(key)} is not of type 'string'",
                key=key,
                hint=f'The key {literal(key)} is not read as text: put it into quotes'
                ' (YAML reads on, off, yes, no, null and numbers as other values).',
            )


def single_entry(value: Any) -> Iterator[Mismatch]:
    """A mapping of one string to anything."""
    yield from mapping(value)
    if isinstance(value, dict) and len(value) > 1:
        yield Mismatch(f'{literal(value)} has too many properties', typed=True)


def choice(*values: Any) -> Shape:
    def shape(value: Any) -> Iterator[Mismatch]:
        if isinstance(value, bool) or value not in values:
            yield Mismatch(f'{literal(value)} is not one of {list(values)!r}')

    return shape


def list_of(item: Shape) -> Shape:
    """A list of at least one item, all different."""

    def shape(value: Any) -> Iterator[Mismatch]:
        if not isinstance(value, list):
            yield not_of_type(value, 'array')
            return
        if not value:
            yield Mismatch('[] should be non-empty', typed=True)
        if len({_frozen(entry) for entry in value}) < len(value):
            yield Mismatch(f'{literal(value)} has non-unique elements', typed=True)
        for index, entry in enumerate(value):
            yield from below(index, item(entry))

    return shape


def without(required: Iterable[str], value: Mapping[Any, Any]) -> Iterator[Mismatch]:
    """A mismatch for each of the keys that the mapping lacks."""
    for key in required:
        if key not in value:
            yield Mismatch(f'{key!r} is a required property', typed=True)


def record(
    shapes: Mapping[str, Shape], required: Sequence[str] = (), *, is_closed: bool = True
) -> Shape:
    """A mapping with these keys; other keys are refused if it is closed."""

    def shape(value: Any) -> Iterator[Mismatch]:
        if not isinstance(value, dict):
            yield not_of_type(value, 'object')
            return
        yield from text_keys(value)
        yield from without(required, value)
        unexpected = [key for key in value if isinstance(key, str) and key not in shapes]
        if is_closed and unexpected:
            yield _unexpected(unexpected, shapes)
        for key, entry in value.items():
            if key in shapes:
                yield from below(key, shapes[key](entry))

    return shape


def _unexpected(keys: list[str], known: Iterable[str]) -> Mismatch:
    verb = 'was' if len(keys) == 1 else 'were'
    listed = ', '.join(map(literal, sorted(keys)))
    return Mismatch(
        f'Additional properties are not allowed ({listed} {verb} unexpected)',
        key=keys[0],
        typed=True,
        hint=did_you_mean(keys[0], known) or f'Allowed here: {", ".join(known)}.',
    )


def one_of(*shapes: Shape, hint: str | None = None) -> Shape:
    """A union: the value must have one of the shapes."""

    def shape(value: Any) -> Iterator[Mismatch]:
        branches: list[Mismatch] = []
        for alternative in shapes:
            mismatches = list(alternative(value))
            if not mismatches:
                return
            branches += mismatches
        yield replace(unlike_all(value), branches=tuple(branches), hint=hint)

    return shape


def below(key: str | int, mismatches: Iterable[Mismatch]) -> Iterator[Mismatch]:
    """The mismatches of an entry as mismatches of what holds it."""
    for mismatch in mismatches:
        branches = tuple(below(key, mismatch.branches))
        yield replace(mismatch, path=(key, *mismatch.path), branches=branches)


def unlike_all(value: Any, hint: str | None = None) -> Mismatch:
    return Mismatch(
        f'{literal(value)} is not valid under any of the given schemas', is_union=True, hint=hint
    )


def not_of_type(value: Any, type_name: str) -> Mismatch:
    return Mismatch(f'{literal(value)} is not of type {type_name!r}')


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_integer(value: Any) -> bool:
    return is_number(value) and float(value).is_integer()


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint at the most similar word, if there is one."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"Did you mean '{close[0]}'?" if close else None


def _frozen(value: Any) -> Any:
    """A hashable value, equal for what JSON calls equal: 1 and 1.0, but not 1 and true."""
    if isinstance(value, dict):
        return frozenset((key, _frozen(entry)) for key, entry in value.items())
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    return isinstance(value, bool), value
