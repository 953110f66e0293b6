"""JSON Schemas of WSME types: in answers, in bodies of requests, and as query arguments.

A schema of a body or a query tells what is meant to be sent. The service takes more, such as
numbers for truth values, for the sake of clients that have always sent it.
"""

import functools
from typing import Any, Final

from wsme.types import ArrayType, IntegerType

from mistral.api import filters, types
from mistral.api.answers import JSON, Schema
from mistral.api.types import Resource

_TIME: Final = r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d'


def resource_answer(resource: type[Resource], left_out: frozenset[str] = frozenset()) -> Schema:
    """What answers show of a resource; they may leave attributes out."""
    return _object(
        {
            name: _or_null(in_answer(attribute.datatype))
            for name, attribute in _attributes(resource).items()
            if name not in left_out
        }
    )


def resource_body(resource: type[Resource]) -> Schema:
    """What requests may say about a resource."""
    return _object(
        {
            name: _or_null(in_body(attribute.datatype))
            for name, attribute in _attributes(resource).items()
            if not attribute.readonly
        }
    )


@functools.singledispatch
def in_answer(datatype: Any) -> Schema:
    """The schema of an attribute in answers."""
    return _SIMPLE[datatype]


@functools.singledispatch
def in_body(datatype: Any) -> Schema:
    """The schema of an attribute in bodies of requests, where that is not the one in answers."""
    return in_answer(datatype)


@functools.singledispatch
def in_query(datatype: Any) -> Schema:
    """The schema of a query argument."""
    return _SIMPLE[datatype]


_SIMPLE: Final[dict[Any, Schema]] = {
    str: {'type': 'string'},
    bool: {'type': 'boolean'},
    int: {'type': 'integer'},
}


@in_answer.register
def _(_datatype: types.Text) -> Schema:
    # The limit is one of requests: rows may come from elsewhere.
    return {'type': 'string'}


@in_body.register
def _(datatype: types.Text) -> Schema:
    schema: dict[str, Any] = {'type': 'string'}
    return schema if datatype.max_length is None else schema | {'maxLength': datatype.max_length}


@in_answer.register
def _(datatype: types.Choice) -> Schema:
    return {'type': 'string', 'enum': list(datatype.values)}


@in_answer.register
def _(datatype: IntegerType) -> Schema:
    bounds = {'minimum': datatype.minimum, 'maximum': datatype.maximum}
    return {'type': 'integer', **{name: each for name, each in bounds.items() if each is not None}}


@in_answer.register
def _(datatype: ArrayType) -> Schema:
    return {'type': 'array', 'items': in_answer(datatype.item_type)}


@in_answer.register
def _(_datatype: types.JsonObject) -> Schema:
    return {'type': 'string', 'contentMediaType': JSON, 'description': 'A JSON object as text.'}


@in_body.register
def _(_datatype: types.JsonObject) -> Schema:
    return {
        'type': ['object', 'string'],
        'contentMediaType': JSON,
        'description': 'A JSON object, as it is or as text.',
    }


@in_answer.register
def _(_datatype: types.JsonValue) -> Schema:
    return {'type': 'string', 'contentMediaType': JSON, 'description': 'Any JSON value as text.'}


@in_body.register
def _(_datatype: types.JsonValue) -> Schema:
    return {'description': 'Any JSON value, as it is or as text.'}


@in_answer.register
def _(_datatype: types.Time) -> Schema:
    return {'type': 'string', 'pattern': f'^{_TIME}$', 'description': 'In UTC.'}


@in_answer.register
def _(datatype: types.TimeOrEmpty) -> Schema:
    return {'type': 'string', 'pattern': f'^({_TIME})?$', 'description': type(datatype).__doc__}


@in_body.register
def _(_datatype: types.Time) -> Schema:
    return {'type': 'string', 'description': 'ISO 8601; without a time zone in UTC.'}


@in_body.register
def _(_datatype: types.TimeText) -> Schema:
    return {'type': 'string', 'description': 'YYYY-MM-DD HH:MM in UTC.'}


@in_query.register
def _(_datatype: types.Text) -> Schema:
    return {'type': 'string'}


@in_query.register
def _(_datatype: types.Uuid) -> Schema:
    return {'type': 'string', 'format': 'uuid'}


@in_query.register
def _(_datatype: types.Flag) -> Schema:
    return {'type': 'boolean'}


@in_query.register
def _(_datatype: types.Names) -> Schema:
    return {'type': 'string', 'description': 'Names, separated by commas.'}


@in_query.register
def _(datatype: filters.TextFilter) -> Schema:
    operators = ', '.join(sorted(datatype.operators))
    return {
        'type': 'string',
        'description': f'A filter: OPERATOR:VALUE or just VALUE. {datatype.meaning} '
        f'Operators: {operators}.',
    }


def _object(properties: dict[str, Schema]) -> Schema:
    return {'type': 'object', 'properties': properties, 'additionalProperties': False}


def _or_null(schema: Schema) -> Schema:
    """Null stands for what is not known, or not given."""
    if 'type' not in schema:
        return schema
    kinds = schema['type'] if isinstance(schema['type'], list) else [schema['type']]
    nullable = {**schema, 'type': [*kinds, 'null']}
    if 'enum' in schema:
        nullable['enum'] = [*schema['enum'], None]
    return nullable


def _attributes(resource: type[Resource]) -> dict[str, Any]:
    return {name: getattr(resource, name) for name in resource.attributes()}
