"""What all endpoints have in common: URLs, media types, bodies, arguments, errors."""

import pytest

from mistral import exceptions as exc

XML_REFUSED = 'XML request bodies are not supported.'


def test_versions(api):
    assert api.get('/') == {
        'versions': [
            {
                'id': 'v2.0',
                'status': 'CURRENT',
                'links': [{'href': 'http://localhost/v2', 'target': 'v2', 'rel': 'self'}],
            }
        ]
    }


@pytest.mark.parametrize('method', ['GET', 'POST'])
def test_root_of_v2(api, method):
    assert api.request(method, '/v2/', status=200).json == {'uri': 'http://localhost/v2'}


def test_v2_without_slash_redirects(api):
    assert api.request('GET', '/v2', status=302).location == 'http://localhost/v2/'


def test_trailing_slash_changes_nothing(api):
    assert api.get('/v2/workflows/') == api.get('/v2/workflows')


@pytest.mark.parametrize(
    'path',
    ['/nope', '/v2/services', '/v2//workflows', '/v2/workflows/x/y', '/v2/executions/x/y', '/v1'],
)
def test_unknown_paths(api, path):
    fault = api.get(path, status=404)

    assert fault['faultcode'] == 'Client'
    assert fault['debuginfo'] is None


@pytest.mark.parametrize(
    ('method', 'path', 'allowed'),
    [
        ('PATCH', '/v2/workflows', 'DELETE, GET, POST, PUT'),
        ('HEAD', '/v2/executions', 'DELETE, GET, POST, PUT'),
        ('POST', '/v2/tasks', 'GET, PUT'),
        ('POST', '/v2/executions/x', 'DELETE, GET, PUT'),
        ('PUT', '/v2/executions/x/tasks', 'GET'),
        ('DELETE', '/', 'GET'),
    ],
)
def test_methods_that_are_not_allowed(api, method, path, allowed):
    assert api.request(method, path, status=405).headers['Allow'] == allowed


def test_method_cannot_be_smuggled_in_the_query(api):
    assert 'Unknown argument' in api.fault('GET', '/v2/executions?_method=delete', 400)


@pytest.mark.parametrize(
    'accept',
    ['application/json, text/plain, */*', 'application/xml', 'text/html', 'application/*', '*/*'],
)
@pytest.mark.parametrize('path', ['/v2/workflows', '/v2/workflows/none', '/v2/nope'])
def test_answers_are_json_whatever_accept_says(api, accept, path):
    answer = api.request('GET', path, headers={'Accept': accept})

    assert answer.content_type == 'application/json'
    assert answer.status_int in {200, 404}


@pytest.mark.parametrize('media_type', ['text/xml', 'application/xml', 'application/soap+xml'])
@pytest.mark.parametrize('path', ['/v2/environments', '/v2/workflows', '/v2/nope'])
def test_xml_is_refused(api, media_type, path):
    answer = api.request(
        'POST', path, status=415, text='<a/>', headers={'Content-Type': media_type}
    )

    assert answer.json['faultstring'] == XML_REFUSED
    assert answer.headers['Server-Error-Message'] == XML_REFUSED


def test_answers_carry_a_request_id(api):
    first, second = (
        api.request('GET', path).headers['X-Openstack-Request-Id'] for path in ('/v2/', '/nope')
    )

    assert first.startswith('req-')
    assert first != second


def test_answers_are_ascii(api):
    api.request('POST', '/v2/environments', json={'name': 'e', 'variables': {'a': 'é'}})

    assert '\\u00e9' in api.request('GET', '/v2/environments/e').text


@pytest.mark.parametrize(
    ('body', 'media_type', 'status', 'message'),
    [
        ('', 'application/json', 400, 'Missing argument: "env"'),
        ('{"a"', 'application/json', 400, 'Request is not in valid JSON format'),
        ('{"name": NaN}', 'application/json', 400, 'Request is not in valid JSON format'),
        ('"\\ud800"', 'application/json', 400, 'Request is not in valid JSON format'),
        (b'\xff', 'application/json', 400, 'Request is not in valid JSON format'),
        ('[' * 100000, 'application/json', 400, 'Request is not in valid JSON format'),
        (
            '[1]',
            'application/json',
            400,
            "Invalid input for field/attribute env. Value: '[1]'. The body must be a JSON object.",
        ),
        ('{"foo": 1}', 'application/json', 400, 'Unknown attribute for argument env: foo'),
        (
            '{"name": 5}',
            'application/json',
            400,
            (
                "Invalid input for field/attribute name. Value: '5'. "
                "Wrong type. Expected '<class 'str'>', got '<class 'int'>'"
            ),
        ),
        (
            '{"project_id": "x"}',
            'application/json',
            400,
            "Invalid input for field/attribute project_id. Value: 'x'. Cannot set read only field.",
        ),
        (
            '{"scope": "zz"}',
            'application/json',
            400,
            (
                "Invalid input for field/attribute scope. Value: 'zz'. "
                'Value should be one of: public, private'
            ),
        ),
        (
            '{"variables": [1]}',
            'application/json',
            400,
            (
                "Invalid input for field/attribute env. Value: '{'variables': [1]}'. "
                'the JSON object must be str, bytes or bytearray, not list'
            ),
        ),
        (
            '{"variables": "x"}',
            'application/json; charset=utf-8',
            400,
            (
                "Invalid input for field/attribute env. Value: '{'variables': 'x'}'. "
                'Expecting value: line 1 column 1 (char 0)'
            ),
        ),
        (
            '{"variables": "[1]"}',
            'text/javascript',
            400,
            'JsonType field value must be a dictionary [actual=[1]]',
        ),
        ('{}', 'text/plain', 415, 'Unknown mimetype: text/plain'),
    ],
)
def test_bad_json_bodies(api, body, media_type, status, message):
    headers = {'Content-Type': media_type}

    assert api.fault('POST', '/v2/environments', status, text=body, headers=headers) == message


def test_long_values_are_not_sent_back_whole(api):
    body = {'name': 'e', 'variables': ['x' * 5000]}
    fault = api.fault('POST', '/v2/environments', 400, json=body)

    assert len(fault) < 2100
    assert fault.endswith('the JSON object must be str, bytes or bytearray, not list')


def test_json_sent_as_a_form_is_explained(api):
    headers = {'Content-Type': 'application/x-www-form-urlencoded'}
    fault = api.fault('POST', '/v2/environments', 400, text='{"a": 1}', headers=headers)

    assert fault.startswith('Unknown argument: "{"a": 1}"')
    assert 'application/json' in fault


def test_upload_that_is_not_utf8(api):
    assert 'UTF-8' in api.fault('POST', '/v2/workflows', 400, text=b'\xff\xfe')


def test_body_that_is_too_large(make_api):
    api = make_api(max_body_bytes=10)

    assert 'at most 10 bytes' in api.fault('POST', '/v2/workflows', 413, text='x' * 11)


@pytest.mark.parametrize('path', ['/v2/%ff', '/v2/workflows?name=%ff'])
def test_url_that_is_not_utf8(api, path):
    assert 'UTF-8' in api.fault('GET', path, 400)


@pytest.mark.parametrize(
    ('path', 'message'),
    [
        ('/v2/workflows?foo=1', 'Unknown argument: "foo"'),
        ('/v2/?foo=1', 'Unknown argument: "foo"'),
        ('/v2/actions/std.echo?fields=name', 'Unknown argument: "fields"'),
        (
            '/v2/workflows?limit=many',
            (
                "Invalid input for field/attribute limit. Value: 'many'. unable to convert to int. "
                "Error: invalid literal for int() with base 10: 'many'"
            ),
        ),
        (
            '/v2/workflows?marker=x',
            (
                "Invalid input for field/attribute marker. Value: 'x'. unable to convert to uuid. "
                'Error: Expected a uuid but received x.'
            ),
        ),
        (
            '/v2/workflows?all_projects=maybe',
            (
                "Invalid input for field/attribute all_projects. Value: 'maybe'. "
                'unable to convert to bool. Error: Value not an unambiguous boolean: maybe'
            ),
        ),
        (
            '/v2/workflows?limit=1&limit=2',
            (
                "Invalid input for field/attribute limit. Value: '['1', '2']'. "
                'unable to convert to int. Error: only one value is allowed'
            ),
        ),
    ],
)
def test_bad_arguments(api, path, message):
    assert api.fault('GET', path, 400) == message


@pytest.mark.parametrize(
    ('method', 'path', 'argument'),
    [
        ('DELETE', '/v2/executions', 'id'),
        ('PUT', '/v2/tasks', 'id'),
        ('DELETE', '/v2/workflows', 'identifier'),
        ('DELETE', '/v2/environments', 'name'),
    ],
)
def test_missing_identifier(api, method, path, argument):
    assert api.fault(method, path, 400) == f'Missing argument: "{argument}"'


def test_last_of_repeated_texts_counts(api):
    for name in ('one', 'two'):
        api.request('POST', '/v2/environments', json={'name': name, 'variables': {}}, status=201)

    found = api.get('/v2/environments?name=one&name=two')['environments']
    assert [each['name'] for each in found] == ['two']


@pytest.mark.parametrize(
    ('error', 'status', 'faultcode'),
    [
        (exc.WorkflowException('no'), 400, 'Client'),
        (exc.InvalidStateTransitionException('no'), 400, 'Client'),
        (exc.YaqlEvaluationException('no'), 400, 'Client'),
        (exc.NotAllowedException('no'), 403, 'Client'),
        (exc.DBEntityNotFoundError('no'), 404, 'Client'),
        (exc.DBDuplicateEntryError('no'), 409, 'Client'),
        (exc.EngineException('no'), 500, 'Server'),
    ],
)
def test_errors_of_the_engine(api, error, status, faultcode):
    api.engine.errors['start_workflow'] = error
    answer = api.request('POST', '/v2/executions', status=status, json={'workflow_name': 'w'})

    assert answer.json == {'faultcode': faultcode, 'faultstring': 'no', 'debuginfo': None}


def test_unforeseen_errors_tell_nothing_but_the_request_id(api):
    api.engine.errors['start_workflow'] = RuntimeError('secret')
    answer = api.request('POST', '/v2/executions', status=500, json={'workflow_name': 'w'})

    assert 'secret' not in answer.text
    assert answer.headers['X-Openstack-Request-Id'] in answer.json['faultstring']


def test_info_is_off_by_default(api):
    assert api.fault('GET', '/info', 400) == 'Info endpoint disabled.'


def test_info_shows_the_file(make_api, tmp_path):
    info = tmp_path / 'info.json'
    info.write_text('{"build": 7}')
    api = make_api(enable_info_endpoint=True, info_json_file_path=str(info))

    assert api.get('/info') == {'build': 7}
    info.unlink()
    assert api.fault('GET', '/info', 400) == 'Incorrect path to info json file.'
