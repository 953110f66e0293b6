"""Rules for the names of workflows, actions, workbooks and tasks."""

import re
from typing import Any, Final

from mistral.lang import shapes
from mistral.lang.problems import Place

#: Characters that fit into the name columns of the database.
MAX_LENGTH: Final = 255

#: The lock of a join is named 'join-task-<36 characters of an id>-<task name>'.
MAX_JOIN_LENGTH: Final = 208

_UUID_DIGITS: Final = re.compile(r'[0-9a-fA-F]{32}')


def check_entity_name(place: Place, name: Any, prefix: str = '') -> None:
    """Check the name of something that is stored under it; members of a workbook get a prefix."""
    if not _check_text(place, name):
        return
    full_name = prefix + name
    if ' ' in name:
        place.problem(f"Name '{name}' must not contain spaces", 'Write - or _ instead.')
    elif len(full_name) > MAX_LENGTH:
        place.problem(f"The length of a '{full_name}' name must not exceed {MAX_LENGTH} symbols")


def check_workflow_is_no_uuid(place: Place, name: str) -> None:
    """A workflow is addressed by name or by id, so a name must not look like an id."""
    if _UUID_DIGITS.fullmatch(name.replace('-', '')):
        place.problem('Workflow name cannot be in the format of UUID.')


def check_task_name(place: Place, name: Any) -> bool:
    if not _check_text(place, name):
        return False
    if name == 'version':
        place.problem("A task cannot be named 'version'", 'Give the task another name.')
    elif len(name) > MAX_LENGTH:
        place.problem(
            f"The length of a '{name}' task name must not exceed {MAX_LENGTH} symbols",
        )
    else:
        return True
    return False


def check_join_name(place: Place, name: str) -> None:
    if len(name) > MAX_JOIN_LENGTH:
        place.problem(
            f"The length of a '{name}' join task name must not exceed {MAX_JOIN_LENGTH} symbols"
        )


def _check_text(place: Place, name: Any) -> bool:
    if not isinstance(name, str):
        mismatch, *_ = shapes.text_keys({name: None})
        place.mismatch(mismatch.reason, mismatch.hint)
        return False
    if '\0' in name:
        place.problem(f'Name {name!r} must not contain the character NUL')
        return False
    return place.fits(name, shapes.text)
