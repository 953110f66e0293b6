"""Mappings and lists of a YAML text while their entries are being read."""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from yaml.constructor import ConstructorError

from mistral.lang.yaml_scalars import MERGE, TAG_PREFIX, unknown_tag


class Span(NamedTuple):
    """Where an entry of a mapping (from its key on) or an item of a list stands in the text.

    Both are marks of PyYAML or libyaml, with `index`, `line` and `column` from 0.
    """

    start: Any
    end: Any


#: By id of a mapping or list, the places of its entries.
Spans: TypeAlias = dict[int, Mapping[Any, Span]]


class MappingFrame:
    def __init__(self, tag: str | None, start: Any) -> None:
        self.tag = tag
        self.start = start
        self.data: dict[Any, Any] = {}
        self.spans: dict[Any, Span] = {}
        self.has_other_keys = False
        self._merged: list[dict[Any, Any]] = []
        self._key: Any = None
        self._key_start: Any = None

    def add(self, value: Any, start: Any, end: Any) -> None:
        """Take the next key or value; of equal keys the last one wins."""
        if self._key_start is None:
            if isinstance(value, dict | list):
                raise ConstructorError(
                    'while constructing a mapping', self.start, 'found unhashable key', start
                )
            self._key, self._key_start = value, start
            return
        if self._key is MERGE:
            self._merge(value, start)
        else:
            self.has_other_keys |= not isinstance(self._key, str)
            self.data[self._key] = '<<' if value is MERGE else value
            self.spans[self._key] = Span(self._key_start, end)
        self._key_start = None

    def _merge(self, value: Any, start: Any) -> None:
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise ConstructorError(
                'while constructing a mapping',
                self.start,
                'expected a mapping or list of mappings for merging',
                start,
            )
        # The first mapping of a list wins.
        self._merged.extend(reversed(sources))

    def close(self, spans: Spans) -> dict[Any, Any] | list[Any]:
        """The finished value; a set becomes the list of its members."""
        if self._merged:
            self._apply_merges(spans)
        if self.tag in (None, '!', f'{TAG_PREFIX}map'):
            return self.data
        if self.tag == f'{TAG_PREFIX}set':
            self.spans = dict(enumerate(self.spans.values()))
            return list(self.data)
        raise unknown_tag(self.tag, self.start)

    def _apply_merges(self, spans: Spans) -> None:
        own_data, own_spans = self.data, self.spans
        self.data, self.spans = {}, {}
        for source in self._merged:
            self.data.update(source)
            self.spans.update(spans[id(source)])
        self.data.update(own_data)
        self.spans.update(own_spans)


class SequenceFrame:
    has_other_keys = False

    def __init__(self, tag: str | None, start: Any) -> None:
        self.tag = tag
        self.start = start
        self.data: list[Any] = []
        self.spans: dict[Any, Span] = {}

    def add(self, value: Any, start: Any, end: Any) -> None:
        self.spans[len(self.data)] = Span(start, end)
        self.data.append('<<' if value is MERGE else value)

    def close(self, spans: Spans) -> list[Any]:
        """The finished value; an ordered mapping becomes a list of pairs."""
        if self.tag in (None, '!', f'{TAG_PREFIX}seq'):
            return self.data
        if self.tag not in (f'{TAG_PREFIX}omap', f'{TAG_PREFIX}pairs'):
            raise unknown_tag(self.tag, self.start)
        if not all(isinstance(item, dict) and len(item) == 1 for item in self.data):
            raise ConstructorError(
                'while constructing pairs',
                self.start,
                'expected a list of mappings with one entry each',
                self.start,
            )
        return [list(pair) for item in self.data for pair in item.items()]
