"""What handlers say about their answers, for the description of the API."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from mistral.api.collections import Collection
from mistral.api.types import Resource

#: A JSON Schema.
Schema: TypeAlias = Mapping[str, Any]

JSON: Final = 'application/json'
HTML: Final = 'text/html'


@dataclass(frozen=True, slots=True)
class ListOf:
    """All resources of a kind, under one name; not in pages, unlike a `Collection`."""

    name: str
    resource: type[Resource]


@dataclass(frozen=True, slots=True)
class Other:
    """Something that is no resource: its schema and its media type."""

    schema: Schema
    media_type: str = JSON


@dataclass(frozen=True, slots=True)
class Either:
    """One with an identifier in the URL, the other without."""

    with_identifier: type[Resource]
    without: ListOf


#: A single resource, a page of a collection, ...; None is an empty answer.
Answer: TypeAlias = type[Resource] | Collection | ListOf | Other | Either | None


def json_object(properties: Mapping[str, Schema], optional: tuple[str, ...] = ()) -> Schema:
    """The schema of an object with these properties and no others."""
    return {
        'type': 'object',
        'properties': dict(properties),
        'required': [name for name in properties if name not in optional],
        'additionalProperties': False,
    }


TEXT: Final[Schema] = {'type': 'string'}
INTEGER: Final[Schema] = {'type': 'integer'}
FLAG: Final[Schema] = {'type': 'boolean'}
TEXT_OR_NULL: Final[Schema] = {'type': ['string', 'null']}
FLAG_OR_NULL: Final[Schema] = {'type': ['boolean', 'null']}


def array_of(items: Schema) -> Schema:
    return {'type': 'array', 'items': items}
