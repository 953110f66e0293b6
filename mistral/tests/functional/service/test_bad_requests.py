"""Whatever a client sends, the answer is JSON that says what is wrong with it."""

import json
from typing import Any, Final

import pytest
import requests

from mistral.tests.functional.service.rest import Rest

JSON: Final = {'Content-Type': 'application/json'}
TEXT: Final = {'Content-Type': 'text/plain'}

#: The largest definition that a request may carry has a few megabytes.
HUGE: Final = b'# ' + b'x' * (32 * 1024 * 1024)

WORKFLOW: Final = """
version: '2.0'
answer:
  input: [x: 1]
  tasks:
    a: {action: std.echo output=<% $.x %>}
"""


@pytest.fixture(scope='module', autouse=True)
def workflow(rest: Rest) -> None:
    rest.upload(WORKFLOW)


def complaint(response: requests.Response) -> str:
    """What a refusal says; it must be the client's fault, and be told in JSON."""
    assert 400 <= response.status_code < 500, response.text
    assert response.headers['Content-Type'].partition(';')[0] == 'application/json'
    fault = response.json()
    assert fault['faultcode'] == 'Client'
    assert fault['faultstring']
    return fault['faultstring']


BAD_DEFINITIONS: Final = {
    'nothing': b'',
    'text': b'hello',
    'a list': b'- a\n- b\n',
    'no YAML': b'version: "2.0"\nwf: [unclosed\n',
    'a tab': b'version: "2.0"\nwf:\n\ttasks: {}\n',
    'not UTF-8': b'version: "2.0"\nwf\xff: {}\n',
    'NUL': b'version: "2.0"\nw\x00f: {}\n',
    'no version': b'wf: {tasks: {a: {action: std.noop}}}\n',
    'no workflow': b'version: "2.0"\n',
    'no tasks': b'version: "2.0"\nwf: {}\n',
    'tasks of a wrong type': b'version: "2.0"\nwf: {tasks: [a, b]}\n',
    'a task of a wrong type': b'version: "2.0"\nwf: {tasks: {a: 1}}\n',
    'an unknown field': b'version: "2.0"\nwf: {tasks: {a: {acton: std.noop}}}\n',
    'an unknown target': b'version: "2.0"\nwf: {tasks: {a: {on-success: nowhere}}}\n',
    'a bad expression': b'version: "2.0"\nwf: {tasks: {a: {action: "std.echo output=<% $. %>"}}}\n',
    'aliases without end': b'a: &a [*a]\nversion: "2.0"\nwf: {tasks: {a: {input: *a}}}\n',
    'a bomb': b'\n'.join(
        b'a%d: &a%d [%s]' % (n, n, b','.join([b'*a%d' % (n - 1)] * 9) if n else b'1')
        for n in range(12)
    ),
    'great depth': b'version: "2.0"\nwf: ' + b'[' * 5000,
    'an object': b'version: "2.0"\nwf: !!python/object/apply:os.getcwd []\n',
}


@pytest.mark.parametrize('name', BAD_DEFINITIONS)
@pytest.mark.parametrize('path', ['/workflows', '/workbooks', '/actions'])
def test_definition(rest: Rest, path: str, name: str) -> None:
    for method in ('POST', 'PUT'):
        complaint(rest.request(method, path, data=BAD_DEFINITIONS[name], headers=TEXT))
    validation = rest.request('POST', f'{path}/validate', data=BAD_DEFINITIONS[name], headers=TEXT)
    if validation.status_code == 200:
        assert validation.json()['valid'] is False
        assert validation.json()['error']
    else:
        complaint(validation)


@pytest.mark.parametrize('path', ['/workflows', '/workbooks', '/actions', '/executions'])
def test_huge_body(rest: Rest, path: str) -> None:
    headers = JSON if path == '/executions' else TEXT
    assert 'too large' in complaint(rest.request('POST', path, data=HUGE, headers=headers))


BAD_JSON: Final[dict[str, bytes]] = {
    'nothing': b'',
    'no JSON': b'{"workflow_name": ',
    'a list': b'[]',
    'a text': b'"answer"',
    'a number': b'1',
    'null': b'null',
    'not UTF-8': b'{"workflow_name": "\xff"}',
    'great depth': b'{"workflow_name": ' + b'[' * 100_000,
    'an unknown field': b'{"workflow_name": "answer", "colour": "red"}',
}


@pytest.mark.parametrize('name', BAD_JSON)
@pytest.mark.parametrize('path', ['/executions', '/action_executions', '/environments'])
def test_json(rest: Rest, path: str, name: str) -> None:
    complaint(rest.request('POST', path, data=BAD_JSON[name], headers=JSON))


@pytest.mark.parametrize(
    'content_type', ['application/xml', 'multipart/form-data', 'image/png', 'no type at all']
)
def test_content_type(rest: Rest, content_type: str) -> None:
    body = json.dumps({'workflow_name': 'answer'})
    headers = {'Content-Type': content_type}
    complaint(rest.request('POST', '/executions', data=body, headers=headers))


@pytest.mark.parametrize(
    'request_',
    [
        {},
        {'workflow_name': 'missing'},
        {'workflow_name': ''},
        {'workflow_name': 7},
        {'workflow_name': ['answer']},
        {'workflow_name': 'answer', 'input': 'no JSON'},
        {'workflow_name': 'answer', 'input': '[1]'},
        {'workflow_name': 'answer', 'input': {'y': 1}},
        {'workflow_name': 'answer', 'input': 5},
        {'workflow_name': 'answer', 'params': 'no JSON'},
        {'workflow_name': 'answer', 'params': [1]},
        {'workflow_name': 'answer', 'params': {'env': 'missing'}},
        {'workflow_name': 'answer', 'params': {'env': 5}},
        {'workflow_name': 'answer', 'params': {'env': {'a': '<% $.nope.nope %>'}}},
        {'workflow_name': 'answer', 'id': 'x' * 300},
        {'workflow_name': 'answer', 'id': {}},
        {'workflow_name': 'answer', 'description': {'a': 1}},
        {'workflow_name': 'answer', 'source_execution_id': 'missing'},
        {'workflow_name': 'answer', 'input': {'x': 'x' * 2_000_000}},
    ],
    ids=lambda request_: json.dumps(request_)[:60],
)
def test_start(rest: Rest, request_: dict[str, Any]) -> None:
    complaint(rest.request('POST', '/executions', json=request_))


@pytest.mark.parametrize(
    'path',
    [
        '/executions?limit=many',
        '/executions?limit=-1',
        '/executions?sort_keys=colour',
        '/executions?sort_keys=id&sort_dirs=sideways',
        '/executions?fields=colour',
        '/executions?marker=missing',
        '/executions?created_at=gt:yesterday',
        '/executions/missing',
        '/tasks/missing',
        '/action_executions/missing',
        '/workflows/missing',
        '/nothing',
        '/executions/%00',
    ],
)
def test_query(rest: Rest, path: str) -> None:
    complaint(rest.request('GET', path))


@pytest.mark.parametrize(
    ('method', 'path'),
    [('PATCH', '/executions'), ('DELETE', '/workflows'), ('PUT', '/tasks'), ('POST', '/tasks')],
)
def test_method(rest: Rest, method: str, path: str) -> None:
    complaint(rest.request(method, path, json={}))


#: Values that some database, protocol or format does not take.
ODD_VALUES: Final[dict[str, Any]] = {
    'NUL': 'a\0b',
    'a lone surrogate': '\ud800',
    'beyond 16 bits': '\U0001f600',
    'a huge integer': 10**40,
    'a float': 1e308,
    'an empty text': '',
    'great depth': json.loads('[' * 300 + ']' * 300),
}


@pytest.mark.parametrize('name', ODD_VALUES)
def test_odd_values_are_taken_or_refused(rest: Rest, name: str) -> None:
    value = ODD_VALUES[name]
    response = rest.request(
        'POST', '/executions', json={'workflow_name': 'answer', 'input': {'x': value}}
    )
    if response.status_code != 201:
        complaint(response)
        return
    id_ = response.json()['id']
    assert rest.wait_until_ended([id_])[id_] == 'SUCCESS'
    assert rest.task(id_, 'a')['result'] == value


def test_nothing_is_left_running(rest: Rest) -> None:
    rest.wait_until_ended(e['id'] for e in rest.executions())
