"""Reads the YAML of definitions and remembers where everything stands in the text.

The dialect is YAML 1.1 with safe tags and these deviations:

* anchors and aliases are off: '&x 1' and '*x' are plain text (they begin many patterns and
  expressions, and let a small text grow without bounds), and plain text may begin with '@';
* dates stay text, a set becomes a list, an ordered mapping a list of pairs, as JSON has no others.

libyaml reads nearly every text, fast. What it cannot settle (anchors, aliases, '@', and errors,
whose wording clients know) goes to the parser in Python. Both give events, which are put together
here without recursion, so that no text can exhaust the stack.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, TypeAlias

import yaml
from yaml.composer import ComposerError
from yaml.error import MarkedYAMLError, YAMLError
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.scanner import Scanner

from mistral.exceptions import DSLParsingException, Problem
from mistral.lang.yaml_frames import MappingFrame, SequenceFrame, Span, Spans
from mistral.lang.yaml_scalars import MERGE, read_scalar

try:
    from yaml import CSafeLoader
except ImportError:  # PyYAML was built without libyaml
    CSafeLoader = None  # type: ignore[assignment, misc]

#: A way through a document: mapping keys and list indices.
Path: TypeAlias = tuple[Any, ...]

#: Levels; far more than definitions need, and far less than fit on the stack of their readers.
MAX_DEPTH: Final = 100


@dataclass(frozen=True, slots=True)
class Document:
    """The data of a text. `has_other_keys` tells that some mapping key is not a string."""

    text: str
    data: Any
    has_other_keys: bool
    _spans: Spans

    def span(self, path: Path) -> Span | None:
        """The place that the path leads to, or the closest one on the way to it."""
        value, found = self.data, None
        for key in path:
            spans = self._spans.get(id(value))
            if spans is None or key not in spans:
                break
            found, value = spans[key], value[key]
        return found

    def with_text_keys(self) -> 'Document':
        """The document with all keys as JSON has them: the key 1 is '1', true is 'true'."""
        if not self.has_other_keys:
            return self
        return replace(self, data=_with_text_keys(self.data), has_other_keys=False)


def _with_text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key if isinstance(key, str) else json.dumps(key): _with_text_keys(entry)
            for key, entry in value.items()
        }
    return [_with_text_keys(item) for item in value] if isinstance(value, list) else value


def load(text: str) -> Document:
    """Read one document; an empty text is None.

    Raises DSLParsingException for everything that is not YAML of the dialect.
    """
    text = text.removeprefix('\ufeff')
    try:
        return _load_fast(text) or _Composer(text).compose(_PlainAnchorParser(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = (mark.line + 1, mark.column + 1) if mark else (None, None)
        raise _failure(error, *position) from error
    except ReaderError as error:
        before = text[: error.position]
        line, column = before.count('\n') + 1, len(before) - before.rfind('\n')
        raise _failure(error, line, column) from error
    except (OverflowError, ValueError) as error:
        raise _failure(error, None, None) from error


def _failure(error: Exception, line: int | None, column: int | None) -> DSLParsingException:
    message = f'Definition could not be parsed: {error}\n'
    return DSLParsingException(message, [Problem(message, line=line, column=column)])


def _load_fast(text: str) -> Document | None:
    """Read with libyaml; None if the text needs the parser in Python."""
    if CSafeLoader is None:
        return None
    try:
        return _Composer(text).compose(CSafeLoader(text))
    except _TooDeepError:
        raise
    except (_AnchorFoundError, OverflowError, ValueError, YAMLError):
        return None


class _EventSource(Protocol):
    def get_event(self) -> Any: ...


class _PlainAnchorParser(Reader, Scanner, Parser):
    """PyYAML's parser without anchors and aliases."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)

    def fetch_alias(self) -> None:
        self.fetch_plain()

    def fetch_anchor(self) -> None:
        self.fetch_plain()

    def check_plain(self) -> bool:
        return self.peek() == '@' or bool(super().check_plain())


class _AnchorFoundError(Exception):
    """Only the parser in Python can tell what the text means."""


class _TooDeepError(ComposerError):
    pass


class _Composer:
    """Puts the events of one document together."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._root: Any = None
        self._root_start: Any = None
        self._frames: list[MappingFrame | SequenceFrame] = []
        self._spans: Spans = {}
        self._has_other_keys = False

    def compose(self, source: _EventSource) -> Document:
        handlers: Mapping[type, Callable[[Any], None]] = {
            yaml.DocumentStartEvent: self._start_document,
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._open,
            yaml.SequenceStartEvent: self._open,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._refuse_anchor,
        }
        while not isinstance(event := source.get_event(), yaml.StreamEndEvent):
            handler = handlers.get(type(event))
            if handler:
                handler(event)
        return Document(self._text, self._root, self._has_other_keys, self._spans)

    def _start_document(self, event: Any) -> None:
        if self._root_start is not None:
            raise ComposerError(
                'expected a single document in the stream',
                self._root_start,
                'but found another document',
                event.start_mark,
            )

    def _refuse_anchor(self, event: Any) -> None:
        if event.anchor is not None:
            raise _AnchorFoundError

    def _scalar(self, event: Any) -> None:
        self._refuse_anchor(event)
        self._add(read_scalar(event), event.start_mark, event.end_mark)

    def _open(self, event: Any) -> None:
        self._refuse_anchor(event)
        if len(self._frames) == MAX_DEPTH:
            problem = f'nested deeper than {MAX_DEPTH} levels'
            raise _TooDeepError(None, None, problem, event.start_mark)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        frame_type = MappingFrame if is_mapping else SequenceFrame
        self._frames.append(frame_type(event.tag, event.start_mark))

    def _close(self, event: Any) -> None:
        frame = self._frames.pop()
        value = frame.close(self._spans)
        self._spans[id(value)] = frame.spans
        self._has_other_keys |= frame.has_other_keys
        self._add(value, frame.start, event.end_mark)

    def _add(self, value: Any, start: Any, end: Any) -> None:
        if self._frames:
            self._frames[-1].add(value, start, end)
        else:
            self._root, self._root_start = '<<' if value is MERGE else value, start
