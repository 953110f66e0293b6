"""A database that is away: callers hear that it is worth to try again."""

import pytest

from mistral.api import errors as api_errors
from mistral.exceptions import DBError, InputException, RpcTimeoutError, UnavailableException
from mistral.rpc import errors
from mistral.tests.unit.engine.trouble import lost_connection


def caused_by_lost_connection(error):
    error.__cause__ = lost_connection()
    return error


@pytest.fixture(params=['itself', 'as a cause'])
def trouble(request):
    if request.param == 'itself':
        return lost_connection()
    return caused_by_lost_connection(DBError('Definitions cannot be read'))


def test_callers_are_told(trouble):
    told = errors.as_told(trouble)
    assert isinstance(told, UnavailableException)
    assert 'connection lost' in str(told)
    assert 'secrets' not in str(told)


@pytest.mark.parametrize('error', [InputException('wrong'), KeyError('bug')])
def test_other_errors_stay_what_they_are(error):
    assert errors.as_told(error) is error


def test_clients_are_told(trouble):
    response = api_errors.response_for(trouble, 'req-1')
    assert response.status_int == 503
    assert 'secrets' not in response.text


@pytest.mark.parametrize('error', [UnavailableException(), RpcTimeoutError('no answer')])
def test_clients_are_told_of_engines_that_are_away(error):
    assert api_errors.response_for(error, 'req-1').status_int == 503
