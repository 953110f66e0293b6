"""The server keeps to its OpenAPI document, whatever is sent to it (schemathesis).

Where a URL or a body names an object, half of the requests name one that is there.
"""

from typing import Any, Final
from unittest.mock import MagicMock

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import HookContext
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from mistral.api.controllers.root import RootController
from mistral.tests.functional.api.conftest import ADMIN, Stock
from mistral.tests.functional.service.rest import Rest

CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

#: Variables of URLs that do not name an object of the collection that stands before them.
NOT_OBJECTS: Final = frozenset({'namespace', 'member_id'})

#: Attributes in bodies that name objects.
NAMING: Final = {
    'workflow_name': 'workflows',
    'workflow_id': 'workflows',
    'source_execution_id': 'executions',
    'code_source_name': 'code_sources',
    'code_source_id': 'code_sources',
    'name': 'actions',
}

#: States that requests ask for.
STATES: Final = ('RUNNING', 'PAUSED', 'SUCCESS', 'ERROR', 'CANCELLED', 'SKIPPED')


#: What is there, by the kind of object.
_there: dict[str, list[str]] = {}


def document() -> Any:
    """The document as the server makes it; tests are made of it before there is one."""
    services = MagicMock()
    services.settings.auth_enable = False
    return RootController(services).description.document('http://localhost')


@pytest.fixture(scope='module')
def server(stock: Stock) -> Rest:
    _there.update(stock.names)
    return stock.rest


#: The document without what would stop the service for all that comes after.
SCHEMA: Final = schemathesis.openapi.from_dict(document()).exclude(path='/maintenance')


@SCHEMA.hook
def map_path_parameters(context: HookContext, path_parameters: Any) -> Any:
    if not path_parameters:
        return path_parameters
    segments = context.operation.path.split('/')
    return {
        name: value
        if name in NOT_OBJECTS
        else _existing(segments[segments.index(f'{{{name}}}') - 1], value)
        for name, value in path_parameters.items()
    }


@SCHEMA.hook
def map_body(context: HookContext, body: Any) -> Any:
    if not isinstance(body, dict):
        return body
    named = {
        name: _existing(NAMING[name], value) if name in NAMING else value
        for name, value in body.items()
    }
    if isinstance(body.get('state'), str):
        named['state'] = STATES[len(body['state']) % len(STATES)]
    return named


def _existing(kind: str, value: Any) -> Any:
    """The value, or, for half of all, a name of that kind that is there."""
    names = _there.get(kind)
    chosen = sum(str(value).encode())
    return value if not names or chosen % 2 else names[chosen // 2 % len(names)]


@SCHEMA.parametrize()
@settings(max_examples=12, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_contract(server: Rest, case: Any) -> None:
    root = server.url.removesuffix('/v2')
    case.call_and_validate(base_url=root, checks=CHECKS, headers=ADMIN, timeout=60)


def test_the_document_is_the_one_that_is_served(server: Rest) -> None:
    served = server.call('GET', '/openapi.json')

    assert served['paths'] == document()['paths']
    assert served['servers'] == [{'url': server.url.removesuffix('/v2')}]
