"""Errors that cross the border of a process."""

import inspect

import pytest
from mistral_lib import exceptions as lib_exceptions

from mistral import exceptions
from mistral.rpc import errors, wire

FORESEEN = [
    cls
    for module in (exceptions, lib_exceptions)
    for _, cls in inspect.getmembers(module, inspect.isclass)
    if issubclass(cls, Exception)
]


def over_the_wire(error):
    return errors.load(wire.load(wire.dump(errors.dump(error))))


@pytest.mark.parametrize('cls', FORESEEN, ids=lambda cls: f'{cls.__module__}.{cls.__name__}')
def test_foreseen_error_keeps_its_name_and_text(cls):
    arrived = over_the_wire(cls('what is wrong'))
    assert (type(arrived).__name__, str(arrived)) == (cls.__name__, 'what is wrong')


@pytest.mark.parametrize('cls', [cls for cls in FORESEEN if cls.__module__ == 'mistral.exceptions'])
def test_errors_of_the_service_keep_their_type(cls):
    assert type(over_the_wire(cls())) is cls


@pytest.mark.parametrize('error', [KeyError('secret'), type('Unheard', (Exception,), {})('secret')])
def test_unforeseen_error_loses_its_text(error):
    arrived = over_the_wire(error)
    assert type(arrived) is exceptions.MistralException
    assert str(arrived) == f'Internal error: {type(error).__name__}'


@pytest.mark.parametrize('name', ['KeyError', 'Problem', 'annotations', 'Sequence'])
def test_only_errors_are_made_of_what_comes_in(name):
    arrived = errors.load({'type': name, 'message': 'text'})
    assert type(arrived) is exceptions.MistralException
