"""OpenAPI operations: what can be asked at one URL with one method, and what comes back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from mistral.api.answers import JSON, Answer, Either, ListOf, Other, Schema
from mistral.api.collections import Collection
from mistral.api.exposure import TEXT, Declaration
from mistral.api.openapi.schemas import in_query
from mistral.api.routing import Route

Operation = dict[str, Any]

_TEXT_BODY: Final = 'text/plain'


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route whose handler can be called: `path` names what stands for the path's variables."""

    method: str
    path: tuple[str, ...]
    #: Names of the variables in the path, in their order.
    variables: tuple[str, ...]
    declaration: Declaration
    summary: str
    is_open: bool

    @property
    def url(self) -> str:
        """The path as OpenAPI writes it."""
        return '/' + '/'.join(self.path)

    @property
    def rules(self) -> tuple[str, ...]:
        """The access rules that are asked."""
        first = () if self.declaration.rule is None else (self.declaration.rule,)
        return (*first, *self.declaration.further_rules)


def endpoints(
    routes: Sequence[Route], descriptions: Mapping[str, str], open_paths: frozenset[str]
) -> Iterator[Endpoint]:
    """Those of the routes whose handlers take what the path gives them.

    `descriptions` tells what access rules are about, `open_paths` what needs no token.
    """
    names: dict[tuple[str | None, ...], tuple[str, ...]] = {}
    for route in routes:
        declaration: Declaration = route.handler.declaration  # type: ignore[attr-defined]
        count = route.path.count(None)
        if not declaration.takes(count):
            continue
        # One name for a variable of a URL, whatever the handlers of its methods call it.
        variables = names.setdefault(route.path, declaration.path[:count])
        remaining = iter(variables)
        path = tuple(f'{{{next(remaining)}}}' if each is None else each for each in route.path)
        # All URLs below /v2/ come without a slash at their end.
        path = (*path, '') if path == ('v2',) else path
        document = route.handler.__doc__
        summary = document or descriptions[declaration.rule or '']
        is_open = '/' + '/'.join(path) in open_paths
        yield Endpoint(
            route.method, path, variables, declaration, summary.strip().split('\n')[0], is_open
        )


def operation_of(endpoint: Endpoint, *, needs_token: bool) -> Operation:
    """`needs_token`: whether callers are authenticated at all."""
    declaration = endpoint.declaration
    operation: Operation = {
        'tags': [_tag(endpoint.path)],
        'operationId': operation_id(endpoint),
        'summary': endpoint.summary,
        'parameters': [*_path_parameters(endpoint), *_query_parameters(endpoint)],
        'responses': {
            str(declaration.status): _success(declaration, endpoint),
            **{
                str(status): {'$ref': f'#/components/responses/Fault{status}'}
                for status in _faults(endpoint)
            },
        },
    }
    if endpoint.rules:
        operation['description'] = 'Access rules: ' + ', '.join(
            f'`{rule}`' for rule in endpoint.rules
        )
        operation['x-access-rules'] = list(endpoint.rules)
    if declaration.body is not None:
        operation['requestBody'] = {'required': True, 'content': _body_content(declaration)}
    if needs_token and not endpoint.is_open:
        operation['security'] = [{'token': []}]
    return operation


def operation_id(endpoint: Endpoint) -> str:
    """A name for the operation that no other has."""
    words = [each.strip('{}').replace('.', '_') for each in endpoint.path if each]
    return '_'.join([endpoint.method.lower(), *(words or ['root'])])


def schema_of(answer: Answer, path_variables: int) -> Schema:
    """The schema of an answer that is not empty."""
    match answer:
        case Collection():
            return {
                **_list_schema(answer.name, answer.resource.__name__),
                'properties': {
                    answer.name: _array(answer.resource.__name__),
                    'next': {'type': 'string', 'description': 'URL of the next page.'},
                },
            }
        case ListOf():
            return _list_schema(answer.name, answer.resource.__name__)
        case Either():
            one = answer.with_identifier if path_variables else answer.without
            return schema_of(one, path_variables)
        case Other():
            return answer.schema
        case type():
            return _reference(answer.__name__)
    raise TypeError(f'There is no schema for {answer!r}')


def _success(declaration: Declaration, endpoint: Endpoint) -> dict[str, Any]:
    description = HTTPStatus(declaration.status).phrase
    response: dict[str, Any] = {
        'description': description,
        'headers': {'X-Openstack-Request-Id': {'$ref': '#/components/headers/RequestId'}},
    }
    answer = declaration.answer
    if answer is not None:
        media_type = answer.media_type if isinstance(answer, Other) else JSON
        schema = schema_of(answer, len(endpoint.variables))
        response['content'] = {media_type: {'schema': schema}}
    return response


def _faults(endpoint: Endpoint) -> Iterator[int]:
    """The statuses of errors that the operation may answer."""
    declaration = endpoint.declaration
    has_body = declaration.body is not None
    changes = endpoint.method != 'GET' and not endpoint.is_open
    found = {
        400: True,
        401: not endpoint.is_open,
        403: bool(endpoint.rules),
        404: bool(endpoint.variables) or has_body or 'marker' in declaration.query,
        409: has_body,
        413: has_body,
        # XML is refused wherever it is sent.
        415: True,
        423: changes and endpoint.path[0] != 'maintenance',
        500: True,
        503: True,
    }
    return (status for status, applies in found.items() if applies)


def _path_parameters(endpoint: Endpoint) -> Iterator[dict[str, Any]]:
    for name in endpoint.variables:
        yield {
            'name': name,
            'in': 'path',
            'required': True,
            'schema': {'type': 'string', 'minLength': 1},
        }


def _query_parameters(endpoint: Endpoint) -> Iterator[dict[str, Any]]:
    declaration = endpoint.declaration
    in_path = declaration.path[: len(endpoint.variables)]
    for name, datatype in declaration.query.items():
        if name in in_path:
            # The path goes before the query.
            continue
        schema = dict(in_query(datatype))
        parameter = {'name': name, 'in': 'query', 'schema': schema}
        if 'description' in schema:
            parameter['description'] = schema.pop('description')
        yield parameter


def _body_content(declaration: Declaration) -> dict[str, Any]:
    example = {} if declaration.example is None else {'example': declaration.example}
    if declaration.body == TEXT:
        return {_TEXT_BODY: {'schema': {'type': 'string'}, **example}}
    body: Any = declaration.body
    return {JSON: {'schema': _reference(f'{body.__name__}Request'), **example}}


def _list_schema(name: str, resource: str) -> Schema:
    return {
        'type': 'object',
        'properties': {name: _array(resource)},
        'required': [name],
        'additionalProperties': False,
    }


def _array(resource: str) -> Schema:
    return {'type': 'array', 'items': _reference(resource)}


def _reference(name: str) -> Schema:
    return {'$ref': f'#/components/schemas/{name}'}


def _tag(path: tuple[str, ...]) -> str:
    """Operations come in groups: the collection that they are about."""
    fixed = [each for each in path if each and not each.startswith('{')]
    known = [each for each in fixed[1:2] if '.' not in each and each != 'docs']
    if 'members' in fixed:
        return 'members'
    return known[0] if known and fixed[0] == 'v2' else 'service'
