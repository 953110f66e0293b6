"""What the uploads of definitions have in common: their arguments, rights and validation."""

import dataclasses
from collections.abc import Callable
from typing import Any, Final

from mistral.api import types
from mistral.api.answers import FLAG, TEXT, Other, array_of, json_object
from mistral.api.errors import PROBLEM
from mistral.api.requests import Call
from mistral.api.settings import ApiSettings
from mistral.db.repositories import Row
from mistral.exceptions import DSLParsingException
from mistral.services.definitions import PRIVATE, check_scope

ARGUMENTS: Final = {
    'scope': types.text,
    'namespace': types.text,
    'skip_validation': types.text,
}

#: What `validation` answers.
VALIDATION: Final = Other(
    json_object(
        {'valid': FLAG, 'error': TEXT, 'problems': array_of(PROBLEM)},
        optional=('error', 'problems'),
    )
)


def creation(call: Call, resource: str, settings: ApiSettings) -> dict[str, Any]:
    """The options of a creation; raises for a bad scope or one that the caller may not use."""
    return {**_options(call, settings), 'scope': requested_scope(call, resource) or PRIVATE}


def update(call: Call, resource: str, settings: ApiSettings) -> dict[str, Any]:
    """The options of an update: an object keeps its scope unless one is given."""
    return {**_options(call, settings), 'scope': requested_scope(call, resource)}


def requested_scope(call: Call, resource: str) -> str | None:
    """The scope that a request gives; raises for a bad one or one that the caller may not use."""
    scope = call.query.get('scope') or None
    if scope is not None:
        check_scope(scope)
    if scope == 'public':
        call.authorize(f'{resource}:publicize')
    return scope


def validation(check: Callable[[str], None], text: str) -> Row:
    """Say whether a text is a valid definition, and everything that is wrong with it."""
    try:
        check(text)
    except DSLParsingException as error:
        answer: Row = {'valid': False, 'error': str(error)}
        if error.problems:
            answer['problems'] = [dataclasses.asdict(problem) for problem in error.problems]
        return answer
    return {'valid': True}


def without_update_time(row: Row) -> Row:
    """A new object as its creation answers: it has not been updated yet."""
    return {name: value for name, value in row.items() if name != 'updated_at'}


def _options(call: Call, settings: ApiSettings) -> dict[str, Any]:
    skip = 'skip_validation' in call.query
    return {
        'namespace': call.namespace(),
        'validate': settings.is_validated(skip_requested=skip),
    }
