"""The OpenAPI document of the whole API."""

import json
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import Any, Final

from mistral.api.answers import JSON, Answer, Either, ListOf, Schema
from mistral.api.collections import Collection
from mistral.api.errors import FAULT
from mistral.api.execution_tree import SCHEMAS
from mistral.api.openapi.links import links_of
from mistral.api.openapi.operations import Endpoint, endpoints, operation_of
from mistral.api.openapi.schemas import resource_answer, resource_body
from mistral.api.routing import Route
from mistral.api.types import Resource
from mistral.policies import list_rules

_VERSION: Final = '3.1.0'

_ABOUT: Final = (
    'Runs workflows: YAML texts that say which tasks there are, the actions they run, and how one '
    'leads to another. Times are in UTC. Lists come in pages: `limit`, `marker` and, in answers, '
    '`next`. Attributes may be filters: `state=in:RUNNING,PAUSED`.'
)

#: Statuses of errors, with what they mean where their names do not tell.
_FAULTS: Final = {
    400: 'Something about the request, or the state of what it is about, is wrong.',
    401: 'The token is missing or not valid.',
    403: 'The caller may not do this.',
    404: 'There is no such object, or none that the caller may see.',
    409: 'There is such an object already.',
    413: 'The body is too long.',
    415: 'The body is in a form that the service does not read, such as XML.',
    423: 'The service is paused for maintenance.',
    500: 'The service has failed.',
    503: 'A part of the service, such as its database, cannot be used at the moment.',
}


class Description:
    """The API as its clients may use it."""

    def __init__(
        self,
        routes: Sequence[Route],
        *,
        open_paths: frozenset[str],
        needs_token: bool,
        version: str,
    ) -> None:
        """`open_paths` need no token, the others do if `needs_token` is set."""
        rules = {rule.name: rule.description or '' for rule in list_rules()}
        self.endpoints = list(endpoints(routes, rules, open_paths))
        self._needs_token = needs_token
        self._version = version

    def document(self, root_url: str) -> dict[str, Any]:
        """The document for clients that reach the service at this URL."""
        return {
            'openapi': _VERSION,
            'info': {
                'title': 'Mistral',
                'summary': 'Workflow service',
                'description': _ABOUT,
                'version': self._version,
                'license': {'name': 'Apache-2.0', 'identifier': 'Apache-2.0'},
            },
            'servers': [{'url': root_url}],
            'tags': [{'name': name} for name in self._tags()],
            'paths': self._paths(),
            'components': self._components(),
        }

    def text(self, root_url: str) -> str:
        """The document as JSON."""
        return json.dumps(self.document(root_url), indent=1)

    def _paths(self) -> dict[str, Any]:
        paths: dict[str, Any] = {}
        for endpoint in self.endpoints:
            operation = operation_of(endpoint, needs_token=self._needs_token)
            links = links_of(endpoint, self.endpoints)
            if links:
                operation['responses'][str(endpoint.declaration.status)]['links'] = links
            paths.setdefault(endpoint.url, {})[endpoint.method.lower()] = operation
        return paths

    def _tags(self) -> list[str]:
        operations = (operation_of(each, needs_token=False) for each in self.endpoints)
        return list(dict.fromkeys(operation['tags'][0] for operation in operations))

    def _components(self) -> dict[str, Any]:
        components: dict[str, Any] = {
            'schemas': {
                **_answer_schemas(self.endpoints),
                **_body_schemas(self.endpoints),
                **SCHEMAS,
                'Fault': FAULT,
            },
            'responses': {f'Fault{status}': _fault(status) for status in _FAULTS},
            'headers': {
                'RequestId': {
                    'description': 'The id of the request, which the log of the service shows.',
                    'schema': {'type': 'string'},
                }
            },
        }
        if self._needs_token:
            components['securitySchemes'] = {
                'token': {'type': 'apiKey', 'in': 'header', 'name': 'X-Auth-Token'}
            }
        return components


def _answer_schemas(found: Iterable[Endpoint]) -> dict[str, Schema]:
    answers = [endpoint.declaration.answer for endpoint in found]
    unlisted = {each.resource: each.unlisted for each in answers if isinstance(each, Collection)}
    return {
        resource.__name__: resource_answer(resource, unlisted.get(resource, frozenset()))
        for answer in answers
        for resource in _resources(answer)
    }


def _resources(answer: Answer) -> Iterator[type[Resource]]:
    match answer:
        case Collection() | ListOf():
            yield answer.resource
        case Either():
            yield answer.with_identifier
        case type():
            yield answer


def _body_schemas(found: Iterable[Endpoint]) -> dict[str, Schema]:
    bodies = (endpoint.declaration.body for endpoint in found)
    return {
        f'{body.__name__}Request': resource_body(body) for body in bodies if isinstance(body, type)
    }


def _fault(status: int) -> dict[str, Any]:
    response: dict[str, Any] = {
        'description': f'{HTTPStatus(status).phrase}. {_FAULTS[status]}',
        'content': {JSON: {'schema': {'$ref': '#/components/schemas/Fault'}}},
        'headers': {'X-Openstack-Request-Id': {'$ref': '#/components/headers/RequestId'}},
    }
    if status in {401, 415, 423}:
        response['headers']['Server-Error-Message'] = {
            'description': 'The message once more.',
            'schema': {'type': 'string'},
        }
    return response
