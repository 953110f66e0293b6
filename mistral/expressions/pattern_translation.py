"""Regular expressions of `re` in the syntax of the package `regex`, with the same meaning.

Both read most texts alike, but not all: for `regex` `(a){e}` is a fuzzy match, `[[:digit:]]` is a
class, and `\\w` another set of characters. So the text is read by the parser of `re`, and written
anew with nothing but what both understand alike.
"""

import re
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, Final, NamedTuple

#: What `re` itself reads patterns with.
_parser: Final = import_module('re._parser')

#: Members of the classes of characters, as the inside of a set.
_UNICODE: Final = {'WORD': r'\p{L}\p{N}_', 'DIGIT': r'\p{Nd}', 'SPACE': r'\s\x1c-\x1f'}
_ASCII: Final = {'WORD': 'a-zA-Z0-9_', 'DIGIT': '0-9', 'SPACE': r'\x20\t-\r'}

_REPEATS: Final = {'MAX_REPEAT': '', 'MIN_REPEAT': '?', 'POSSESSIVE_REPEAT': '+'}

#: Until Python 3.14 there is no `\B` in an empty text.
_NO_BOUNDARY_IN_NOTHING: Final = re.search(r'\B', '') is not None


class Translation(NamedTuple):
    text: str
    size: int
    """About how many nodes `regex` makes of it: it writes out what has to be there n times."""


def translate(pattern: re.Pattern[str]) -> Translation:
    return _Translator(pattern).translate()


class _Translator:
    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern
        self._names = {number: name for name, number in pattern.groupindex.items()}
        self._classes = _ASCII if pattern.flags & re.ASCII else _UNICODE
        self._flags = pattern.flags

    def translate(self) -> Translation:
        tree = _parser.parse(self._pattern.pattern, self._flags)
        return self._sequence(tree)

    def _sequence(self, nodes: Iterable[Any]) -> Translation:
        parts = [self._node(str(kind), value) for kind, value in nodes]
        return Translation(''.join(part.text for part in parts), sum(part.size for part in parts))

    def _node(self, kind: str, value: Any) -> Translation:
        if kind in _REPEATS:
            return self._repeat(value, _REPEATS[kind])
        if kind in _LEAVES:
            return Translation(_LEAVES[kind](self, value), 1)
        if kind == 'BRANCH':
            return self._wrap('(?:', value[1])
        if kind == 'SUBPATTERN':
            return self._group(*value)
        if kind == 'ATOMIC_GROUP':
            return self._wrap('(?>', [value])
        if kind in ('ASSERT', 'ASSERT_NOT'):
            direction, nodes = value
            sign = '=' if kind == 'ASSERT' else '!'
            return self._wrap(f'(?<{sign}' if direction < 0 else f'(?{sign}', [nodes])
        if kind == 'GROUPREF_EXISTS':
            group, if_so, if_not = value
            return self._wrap(f'(?({group})', [[('BRANCH', (None, [if_so]))], if_not or []])
        raise re.error(f'{kind} cannot be used here', self._pattern.pattern)

    def _wrap(self, opening: str, branches: Iterable[Iterable[Any]]) -> Translation:
        parts = [self._sequence(branch) for branch in branches]
        text = '|'.join(_protect(part.text) for part in parts)
        return Translation(f'{opening}{text})', sum(part.size for part in parts) + 1)

    def _repeat(self, value: Any, suffix: str) -> Translation:
        least, most, nodes = value
        element = self._sequence(nodes)
        limit = '' if most == _parser.MAXREPEAT else most
        # An alternative keeps `regex` from dropping the repetition of what has no width.
        text = f'(?:{element.text}|(?!)){{{least},{limit}}}{suffix}'
        return Translation(text, (element.size + 1) * max(least, 1))

    def _group(self, number: int | None, add: int, remove: int, nodes: Any) -> Translation:
        outer_flags, outer_classes = self._flags, self._classes
        self._flags = (outer_flags | add) & ~remove
        if add & re.ASCII:
            self._classes = _ASCII
        elif add & re.UNICODE:
            self._classes = _UNICODE
        name = self._names.get(number) if number else None
        opening = '(?:' if number is None else f'(?P<{name}>' if name else '('
        group = self._wrap(opening, [nodes])
        self._flags, self._classes = outer_flags, outer_classes
        return group

    def _any(self, _value: Any) -> str:
        return '(?s:.)' if self._flags & re.DOTALL else r'[^\n]'

    def _literal(self, code: int) -> str:
        return self._in_any_case(_character(code))

    def _other(self, code: int) -> str:
        return self._excluded([self._literal(code)])

    def _set(self, members: list[Any]) -> str:
        characters, classes, is_negated = '', [], False
        for member_kind, value in members:
            kind = str(member_kind)
            if kind == 'NEGATE':
                is_negated = True
            elif kind == 'LITERAL':
                characters += _character(value)
            elif kind == 'RANGE':
                characters += '-'.join(map(_character, value))
            else:
                name = str(value).removeprefix('CATEGORY_')
                sign = '^' if name.startswith('NOT_') else ''
                classes.append(f'[{sign}{self._classes[name.removeprefix("NOT_")]}]')
        any_of = [self._in_any_case(f'[{characters}]'), *classes] if characters else classes
        if is_negated:
            return self._excluded(any_of)
        return any_of[0] if len(any_of) == 1 else f'(?:{"|".join(any_of)})'

    def _excluded(self, any_of: list[str]) -> str:
        """Any character but these."""
        if len(any_of) == 1 and any_of[0].startswith('['):
            inside = any_of[0][1:]
            return f'[{inside[1:]}' if inside.startswith('^') else f'[^{inside}'
        return f'(?:(?!{"|".join(any_of)})(?s:.))'

    def _in_any_case(self, text: str) -> str:
        """What matches one character, the case ignored if the flags say so. Classes such as `\\w`
        know no case."""
        if not self._flags & re.IGNORECASE:
            return text
        if self._classes is _ASCII:
            return rf'(?:(?=[\x00-\x7f])(?i:{text})|{text})'
        return f'(?i:{text})'

    def _reference(self, group: int) -> str:
        sign = 'i' if self._flags & re.IGNORECASE else ''
        return rf'(?{sign}:\g<{group}>)'

    def _position(self, value: Any) -> str:
        name = str(value).removeprefix('AT_')
        word = f'[{self._classes["WORD"]}]'
        if name == 'BOUNDARY':
            return f'(?:(?<={word})(?!{word})|(?<!{word})(?={word}))'
        if name == 'NON_BOUNDARY':
            outside = '' if _NO_BOUNDARY_IN_NOTHING else r'(?:(?<=(?s:.))|(?=(?s:.)))'
            return f'(?:(?<={word})(?={word})|(?<!{word})(?!{word}){outside})'
        if name in ('BEGINNING', 'END'):
            sign = '^' if name == 'BEGINNING' else '$'
            return f'(?m:{sign})' if self._flags & re.MULTILINE else sign
        return {'BEGINNING_STRING': r'\A', 'END_STRING': r'\Z'}[name]


_LEAVES: Final[dict[str, Callable[[_Translator, Any], str]]] = {
    'LITERAL': _Translator._literal,  # noqa: SLF001
    'NOT_LITERAL': _Translator._other,  # noqa: SLF001
    'ANY': _Translator._any,  # noqa: SLF001
    'IN': _Translator._set,  # noqa: SLF001
    'AT': _Translator._position,  # noqa: SLF001
    'GROUPREF': _Translator._reference,  # noqa: SLF001
    'FAILURE': lambda _, _value: '(?!)',
}


def _character(code: int) -> str:
    character = chr(code)
    return character if character.isalnum() or code > 0x7F else f'\\x{code:02x}'


def _protect(text: str) -> str:
    """A text that no opening bracket before it can take for its own."""
    return text or '(?:)'
