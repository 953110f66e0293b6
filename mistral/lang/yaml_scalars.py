"""What the single values of a YAML text mean."""

import re
from collections.abc import Sequence
from typing import Any, Final

import yaml
from yaml.constructor import ConstructorError, SafeConstructor

TAG_PREFIX: Final = 'tag:yaml.org,2002:'

#: The key '<<', below which stand mappings to merge.
MERGE: Final = object()

#: Characters; longer numbers are costly to convert and cannot be written back as text.
MAX_NUMBER_LENGTH: Final = 1000

_TEXT: Final = f'{TAG_PREFIX}str'
_MERGE: Final = f'{TAG_PREFIX}merge'

#: Dates stay the text they are, since JSON has no dates.
_TEXT_TAGS: Final = frozenset({_TEXT, f'{TAG_PREFIX}timestamp'})

_SURROGATE: Final = re.compile('[\ud800-\udfff]')
_CONSTRUCTOR: Final = SafeConstructor()
_CONSTRUCTORS: Final = {
    f'{TAG_PREFIX}null': _CONSTRUCTOR.construct_yaml_null,
    f'{TAG_PREFIX}bool': _CONSTRUCTOR.construct_yaml_bool,
    f'{TAG_PREFIX}int': _CONSTRUCTOR.construct_yaml_int,
    f'{TAG_PREFIX}float': _CONSTRUCTOR.construct_yaml_float,
}


def _resolvers() -> dict[str, Sequence[tuple[str, re.Pattern[str]]]]:
    """By first character, the tags other than text that an unquoted value may have."""
    return {
        first: [(tag, form) for tag, form in resolvers if tag in _CONSTRUCTORS or tag == _MERGE]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_RESOLVERS: Final = _resolvers()


def read_scalar(event: Any) -> Any:
    """The value of a yaml.ScalarEvent; MERGE for the key '<<'.

    Raises yaml.constructor.ConstructorError for an unknown tag or a value that does not fit its
    tag.
    """
    text, tag = event.value, event.tag
    if tag is None or tag == '!':
        tag = _implicit_tag(text) if event.implicit[0] else _TEXT
    if tag in _TEXT_TAGS:
        if not text.isascii() and _SURROGATE.search(text):
            raise _unreadable('found half of a surrogate pair', event)
        return text
    if tag == _MERGE:
        return MERGE
    if tag not in _CONSTRUCTORS:
        raise unknown_tag(tag, event.start_mark)
    if len(text) > MAX_NUMBER_LENGTH:
        raise _unreadable(f'found a value of more than {MAX_NUMBER_LENGTH} characters', event)
    try:
        return _CONSTRUCTORS[tag](yaml.ScalarNode(tag, text))
    except (IndexError, KeyError, ValueError) as error:
        kind = tag.removeprefix(TAG_PREFIX)
        raise _unreadable(f'found {text!r}, which is no {kind}', event) from error


def _implicit_tag(text: str) -> str:
    for tag, form in _RESOLVERS.get(text[:1], ()):
        if form.match(text):
            return tag
    return _TEXT


def _unreadable(problem: str, event: Any) -> ConstructorError:
    return ConstructorError('while reading a value', event.start_mark, problem, event.start_mark)


def unknown_tag(tag: str, mark: Any) -> ConstructorError:
    problem = f'could not determine a constructor for the tag {tag!r}'
    return ConstructorError(None, None, problem, mark)
