"""The OpenAPI document: complete, valid, and made of what really is there.

That answers are as it says is checked with every request of the tests, see `contract.py`.
"""

import base64
import hashlib
import importlib
import pkgutil
import re
from types import FunctionType

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

import mistral.api.controllers
from mistral.api.controllers.root import RootController
from mistral.api.exposure import expose
from mistral.api.hooks import OPEN_PATHS
from mistral.policies import list_rules
from mistral.tests.unit.api.test_authentication import TokenIsProject, as_project

#: URLs with all their methods. This is what clients have always been able to use, and the URLs of
#: the description itself; a namespace as a further segment counts as well.
URLS = """
GET         /
GET         /info
GET,PUT     /maintenance
GET,POST    /v2/
GET         /v2/openapi.json
GET         /v2/docs
GET,POST,PUT /v2/workflows
GET,PUT,DELETE /v2/workflows/{}
POST        /v2/workflows/validate
GET,POST    /v2/workflows/{}/members
GET,PUT,DELETE /v2/workflows/{}/members/{}
GET,POST,PUT /v2/workbooks
GET,PUT,DELETE /v2/workbooks/{}
GET,DELETE  /v2/workbooks/{}/{}
POST        /v2/workbooks/validate
GET,POST,PUT /v2/actions
GET,PUT,DELETE /v2/actions/{}
GET,PUT,DELETE /v2/actions/{}/{}
POST        /v2/actions/validate
GET,POST    /v2/executions
GET,PUT,DELETE /v2/executions/{}
GET         /v2/executions/{}/tasks
GET         /v2/executions/{}/report
GET         /v2/executions/{}/executions
GET         /v2/tasks
GET,PUT     /v2/tasks/{}
GET         /v2/tasks/{}/action_executions
GET         /v2/tasks/{}/action_executions/{}
GET         /v2/tasks/{}/workflow_executions
GET         /v2/tasks/{}/executions
GET,POST    /v2/action_executions
GET,PUT,DELETE /v2/action_executions/{}
GET,POST    /v2/cron_triggers
GET,DELETE  /v2/cron_triggers/{}
GET,POST    /v2/event_triggers
GET,PUT,DELETE /v2/event_triggers/{}
GET,POST,PUT /v2/environments
GET,DELETE  /v2/environments/{}
GET,POST,PUT /v2/code_sources
GET,PUT,DELETE /v2/code_sources/{}
GET,PUT,DELETE /v2/code_sources/{}/{}
GET,POST,PUT /v2/dynamic_actions
GET,DELETE  /v2/dynamic_actions/{}
GET,DELETE  /v2/dynamic_actions/{}/{}
"""


@pytest.fixture
def document(api):
    return api.get('/v2/openapi.json')


@pytest.fixture
def secured(make_api):
    return make_api(TokenIsProject(), auth_enable=True)


def operations(document):
    for url, methods in document['paths'].items():
        for method, operation in methods.items():
            yield method.upper(), url, operation


def exposed_methods():
    """All methods of controllers that handle requests."""
    package = mistral.api.controllers
    for found in pkgutil.walk_packages(package.__path__, f'{package.__name__}.'):
        module = importlib.import_module(found.name)
        for value in vars(module).values():
            if isinstance(value, type) and value.__module__ == module.__name__:
                yield from (
                    each
                    for each in vars(value).values()
                    if isinstance(each, FunctionType) and hasattr(each, 'declaration')
                )


def test_the_document_is_valid(document):
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
    assert document['openapi'] == '3.1.0'


def test_urls(document):
    described = {(method, re.sub(r'\{\w+\}', '{}', url)) for method, url, _ in operations(document)}
    lines = [line.split() for line in URLS.strip().splitlines()]
    expected = {(method, url) for methods, url in lines for method in methods.split(',')}

    assert described == expected


def test_every_url_is_served_by_what_describes_it(api, document):
    root = RootController(api.services)
    endpoints = {(each.method, each.url): each.declaration for each in root.description.endpoints}
    assert len(endpoints) == len(list(operations(document)))
    for (method, url), declaration in endpoints.items():
        segments = re.sub(r'\{\w+\}', 'x', url).split('/')[1:]
        request = api._client.RequestClass.blank(url, method=method)
        handler, arguments = root.find_handler(segments, request)

        assert handler.declaration is declaration  # type: ignore[attr-defined]
        assert declaration.takes(len(arguments))


def test_every_handler_is_described(api):
    described = {
        id(each.declaration) for each in RootController(api.services).description.endpoints
    }

    missing = [each for each in exposed_methods() if id(each.declaration) not in described]

    assert missing == []


def test_every_access_rule_is_asked_somewhere(document):
    asked = {
        rule
        for *_, operation in operations(document)
        for rule in operation.get('x-access-rules', ())
    }

    assert asked == {rule.name for rule in list_rules()} - {'admin_only', 'admin_or_owner'}


def test_names_of_operations_are_unique(document):
    names = [operation['operationId'] for *_, operation in operations(document)]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ('method', 'url', 'in_path'),
    [
        ('put', '/v2/actions/{name}/{namespace}', 'namespace'),
        ('put', '/v2/code_sources/{identifier}', 'identifier'),
        ('put', '/v2/workbooks/{name}', 'namespace'),
    ],
)
def test_what_the_path_tells_is_not_asked_for_again(document, method, url, in_path):
    operation = document['paths'][url][method]
    in_query = [each['name'] for each in operation['parameters'] if each['in'] == 'query']

    assert in_query
    assert in_path not in in_query


def test_a_handler_asks_only_for_the_rules_that_it_declares(api):
    class Careless:
        services = api.services

        @expose('workflows:list')
        def get_all(self, call):
            call.authorize('workflows:publicize')

    request = api._client.RequestClass.blank('/')
    request.context = {'caller': None}

    with pytest.raises(ValueError, match='workflows:publicize'):
        expose(None)(lambda self, call: call.authorize('workflows:publicize'))(
            Careless(), request, None
        )


def test_the_document_needs_no_token(secured):
    secured.get('/v2/openapi.json')
    secured.request('GET', '/v2/docs', status=200)
    secured.request('GET', '/v2/openapi.json/x', status=404, headers=as_project('p'))


def test_operations_that_need_a_token(secured, document):
    assert not any('security' in operation for *_, operation in operations(document))
    for _, url, operation in operations(secured.get('/v2/openapi.json')):
        needs_token = url not in OPEN_PATHS
        assert ('security' in operation) == needs_token
        assert ('401' in operation['responses']) == needs_token


def test_bodies_have_no_read_only_attributes(document):
    body = document['components']['schemas']['EventTriggerRequest']['properties']

    assert not {'id', 'project_id', 'created_at'} & body.keys()
    assert body['name'] == {'type': ['string', 'null'], 'maxLength': 200}
    assert body['scope']['enum'] == ['public', 'private', None]


def test_answers_show_what_requests_do_not_keep_for_themselves(document):
    schemas = document['components']['schemas']

    assert 'source_execution_id' in schemas['ExecutionRequest']['properties']
    assert 'source_execution_id' not in schemas['Execution']['properties']
    assert schemas['Execution']['properties']['input']['type'] == ['string', 'null']
    assert schemas['ExecutionRequest']['properties']['input']['type'] == [
        'object',
        'string',
        'null',
    ]


def test_links(document):
    links = document['paths']['/v2/workflows']['post']['responses']['201']['links']

    assert links['get_v2_workflows_identifier'] == {
        'operationId': 'get_v2_workflows_identifier',
        'parameters': {'identifier': '$response.body#/workflows/0/id'},
    }
    assert 'post_v2_workflows_resource_id_members' in links


def test_the_server_is_where_the_client_has_found_it(api):
    document = api.get('/v2/openapi.json', headers={'Host': 'mistral.example:8989'})

    assert document['servers'] == [{'url': 'http://mistral.example:8989'}]


class TestPage:
    @pytest.fixture
    def page(self, api):
        return api.request('GET', '/v2/docs', status=200)

    def test_shows_all_urls(self, page, document):
        assert page.content_type == 'text/html'
        for method, url, operation in operations(document):
            assert f'>{method}</code> <code>{url}</code>' in page.text
            assert f'id="{operation["operationId"]}"' in page.text

    def test_works_under_its_own_strict_policy(self, page):
        policy = page.headers['Content-Security-Policy']
        (style,) = re.findall(r'<style>(.*?)</style>', page.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

        assert policy.startswith("default-src 'none'; ")
        assert f"style-src 'sha256-{digest}'" in policy
        assert 'unsafe' not in policy
        assert not re.search(r'<script|style=|\son\w+=|(src|href)="(https?:)?//', page.text)
