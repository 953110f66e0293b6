"""What every request and every answer carries: ids, headers for browsers, lines of the log."""

import logging
import re

import pytest
from oslo_context import context

from mistral.api.envelope import with_envelope
from mistral.tests.unit.api.test_authentication import TokenIsProject, as_project

GLOBAL_ID = 'req-11111111-2222-4333-8444-555555555555'
HEADERS = {
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
}

#: Requests that end in different places.
REQUESTS = [
    ('GET', '/v2/', 200),
    ('GET', '/v2', 302),
    ('GET', '/v2/nope', 404),
    ('GET', '/v2/%ff', 400),
    ('GET', '/v2/workflows?nope=1', 400),
    ('PATCH', '/v2/workflows', 405),
    ('DELETE', '/v2/executions/nope', 404),
]


def call(app, **environ):
    """Call an application; returns status, headers and body."""
    seen = []
    body = app(
        {'REQUEST_METHOD': 'GET', 'PATH_INFO': '/v2/x', **environ},
        lambda status, headers, *_: seen.append((status, dict(headers))),
    )
    return *seen[0], b''.join(body)


@pytest.mark.parametrize(('method', 'path', 'status'), REQUESTS)
def test_every_answer_has_an_id_of_its_own(api, method, path, status):
    ids = {
        api.request(method, path, status=status).headers['X-Openstack-Request-Id'] for _ in range(2)
    }

    assert len(ids) == 2
    assert all(re.fullmatch(r'req-[0-9a-f-]{36}', id_) for id_ in ids)


@pytest.mark.parametrize(('method', 'path', 'status'), REQUESTS)
def test_every_answer_has_headers_for_browsers(api, method, path, status):
    headers = api.request(method, path, status=status).headers

    assert {name: headers[name] for name in HEADERS} == HEADERS


def test_refused_callers_get_the_headers_too(make_api):
    secured = make_api(TokenIsProject(), auth_enable=True)

    headers = secured.request('GET', '/v2/workflows', status=401).headers

    assert headers['Cache-Control'] == 'no-store'


def test_the_page_keeps_its_own_policy(api):
    policies = api.request('GET', '/v2/docs').headers.getall('Content-Security-Policy')

    assert len(policies) == 1
    assert 'style-src' in policies[0]


def test_the_request_is_in_the_log_context_while_it_is_handled(api, make_api, monkeypatch):
    secured = make_api(TokenIsProject(), auth_enable=True)
    seen = []

    def look(*_arguments, **_keywords):
        current = context.get_current()
        seen.append((current.request_id, current.global_request_id, current.project_id))
        return []

    monkeypatch.setattr(type(secured.services.repositories.environments), 'list', look)
    headers = {**as_project('p1'), 'X-Openstack-Request-Id': GLOBAL_ID}
    answer = secured.request('GET', '/v2/environments', headers=headers)

    own_id = answer.headers['X-Openstack-Request-Id']
    assert seen == [(own_id, GLOBAL_ID, 'p1')]
    assert own_id != GLOBAL_ID
    assert context.get_current() is None


@pytest.mark.parametrize('given', ['', 'nonsense', 'req-1', GLOBAL_ID + '\nx'])
def test_ids_of_callers_that_are_none_are_left_out(given):
    seen = []

    def app(environ, start_response):
        seen.append(context.get_current().global_request_id)
        start_response('200 OK', [])
        return []

    call(with_envelope(app), HTTP_X_OPENSTACK_REQUEST_ID=given)

    assert seen == [None]


def test_what_comes_out_of_the_application_is_answered_without_its_inside(caplog):
    def app(_environ, _start_response):
        raise RuntimeError('secret inside')

    status, headers, body = call(with_envelope(app))

    assert status == '500 Internal Server Error'
    assert b'secret' not in body
    assert b'Traceback' not in body
    assert headers['X-Openstack-Request-Id'].encode() in body
    assert 'secret inside' in caplog.text


class TestLog:
    def test_a_line_for_each_request(self, api, caplog):
        caplog.set_level(logging.DEBUG, 'mistral.api.envelope')
        api.get('/v2/environments?name=x')

        (record,) = caplog.records
        assert re.fullmatch(r'GET /v2/environments\?name=x: 200 OK, [\d.]+ ms', record.getMessage())

    @pytest.mark.parametrize(
        'query',
        [
            'variables={"password":"s3cret"}',
            'variables=%7B%22admin_password%22%3A%20%22s3cret%22%7D',
            'name=x&auth_token=s3cret',
        ],
    )
    def test_secrets_are_masked(self, api, caplog, query):
        caplog.set_level(logging.DEBUG, 'mistral.api.envelope')
        api.request('GET', f'/v2/environments?{query}')

        assert 's3cret' not in caplog.text
        assert '***' in caplog.text

    def test_lines_of_bad_urls_are_short(self, api, caplog):
        api.request('GET', '/v2/%ff', status=400)

        assert 'Traceback' not in caplog.text
