"""Filters of collections: `?state=neq:ERROR` as a WSME datatype for each kind of attribute."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import wsme.types

from mistral.api import types
from mistral.db.query import Filter, Operator

_OPERATORS: Final[frozenset[Operator]] = frozenset(
    {'eq', 'neq', 'gt', 'gte', 'lt', 'lte', 'in', 'nin', 'has'}
)
_LISTS: Final = frozenset({'in', 'nin'})

#: Values of a list, so that one request is not a burden for the database.
_LONGEST_LIST: Final = 1000


@dataclass(frozen=True, slots=True)
class Condition:
    """What a filter argument asks of its attribute; `text` is the argument as `next` repeats it."""

    operator: Operator
    value: Any
    text: str

    def on(self, column: str) -> Filter:
        return Filter(column, self.operator, self.value)


class TextFilter(wsme.types.UserType):
    """All operators; without one the whole text is compared."""

    basetype = str
    name = 'text'
    repeatable = True
    operators: ClassVar[frozenset[Operator]] = _OPERATORS
    #: What VALUE is, for the description of the API.
    meaning: ClassVar[str] = 'Lists (in, nin) are separated by commas.'
    convert: Callable[[str], Any] = staticmethod(str)

    def frombasetype(self, text: str) -> Condition:
        operator, value = _split(text)
        if operator not in self.operators:
            raise ValueError(
                f'the operator {operator} is not supported here, only '
                f'{", ".join(sorted(self.operators))}'
            )
        if operator in _LISTS:
            parsed: Any = self._parse_list(value)
        else:
            parsed = self.convert(value)
        return Condition(operator, parsed, f'{operator}:{value}')

    def _parse_list(self, value: str) -> tuple[Any, ...]:
        values = value.split(',') if value else []
        if len(values) > _LONGEST_LIST:
            raise ValueError(f'a list may have {_LONGEST_LIST} values, not {len(values)}')
        return tuple(map(self.convert, values))


def _split(text: str) -> tuple[Operator, str]:
    for operator in _OPERATORS:
        if text.startswith(f'{operator}:'):
            return operator, text.removeprefix(f'{operator}:')
    return 'eq', text


class IdentifierFilter(TextFilter):
    operators = frozenset({'eq', 'neq', 'in', 'nin'})


class UuidFilter(IdentifierFilter):
    name = 'uuid'
    meaning = 'VALUE is a UUID, or several, separated by commas (in, nin).'
    repeatable = False
    convert = staticmethod(types.Uuid.frombasetype)


class TimeFilter(TextFilter):
    name = 'time'
    meaning = 'VALUE is a time in ISO 8601, by default in UTC.'
    repeatable = False
    operators = _OPERATORS - {'has'}
    convert = staticmethod(types.Time.frombasetype)


class _EqualityFilter(TextFilter):
    repeatable = False
    operators = frozenset({'eq'})


class FlagFilter(_EqualityFilter):
    name = 'bool'
    meaning = 'VALUE is true or false.'
    convert = staticmethod(types.Flag.frombasetype)


class IntegerFilter(_EqualityFilter):
    name = 'int'
    meaning = 'VALUE is a whole number.'
    convert = staticmethod(int)


class JsonFilter(_EqualityFilter):
    """A JSON object, compared as a whole."""

    name = 'json'
    meaning = 'VALUE is a JSON object, compared as a whole.'

    @staticmethod
    def convert(text: str) -> dict[str, Any]:
        value = types.JsonObject.frombasetype(text)
        if value is None:
            raise ValueError('Expected a JSON object.')
        return value


class TagsFilter(_EqualityFilter):
    """One or more tags, separated by commas: a row must carry them all."""

    name = 'list'
    meaning = 'VALUE is one tag or several, separated by commas; a row must carry them all.'
    convert = staticmethod(lambda text: tuple(tag.strip() for tag in text.split(',')))

    def frombasetype(self, text: str) -> Condition:
        equal = super().frombasetype(text)
        return Condition('has_tags', equal.value, equal.text)


TEXT: Final = TextFilter()
IDENTIFIER: Final = IdentifierFilter()
UUID: Final = UuidFilter()
TIME: Final = TimeFilter()
FLAG: Final = FlagFilter()
INTEGER: Final = IntegerFilter()
JSON: Final = JsonFilter()
TAGS: Final = TagsFilter()

#: Filters that every collection has.
TIMES: Final = {'created_at': TIME, 'updated_at': TIME}
