"""Errors of endpoints as data: the caller gets what the endpoint raised, by its class name."""

from typing import Any, Final

from mistral_lib import exceptions as lib_exceptions

from mistral import exceptions
from mistral.db.database import DatabaseFailure
from mistral.db.retry import is_transient, without_sql

#: Where the classes may come from. Others, and what they say, stay where they are.
_MODULES: Final = (exceptions, lib_exceptions)


def as_told(error: BaseException) -> BaseException:
    """What callers hear of an error: that the database is away is something they can deal with."""
    trouble = error if isinstance(error, DatabaseFailure) else error.__cause__
    if trouble is not None and is_transient(trouble):
        return exceptions.UnavailableException(
            'The service is temporarily unavailable: its database cannot be used: '
            f'{without_sql(trouble)}'
        )
    return error


def dump(error: BaseException) -> dict[str, str]:
    """The error as JSON data; one that nobody foresaw loses its text, which is for the log."""
    name = type(error).__name__
    if _find(name) is None:
        return {'type': 'MistralException', 'message': f'Internal error: {name}'}
    return {'type': name, 'message': str(error)}


def load(data: dict[str, Any]) -> Exception:
    return (_find(data['type']) or exceptions.MistralException)(data['message'])


def _find(name: str) -> type[Exception] | None:
    for module in _MODULES:
        found = getattr(module, name, None)
        if isinstance(found, type) and issubclass(found, Exception):
            return found
    return None
