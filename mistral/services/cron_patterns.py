"""Patterns of cron triggers: five fields, or six with the seconds at the end, or seven with years
after those; or an alias such as `@hourly`. All times are UTC."""

from datetime import datetime
from typing import Any

from croniter import CroniterBadDateError, croniter

from mistral.exceptions import InputException


def check_pattern(pattern: str) -> None:
    """Raise InputException if a pattern cannot be understood."""
    _parsed(pattern, None)


def next_occurrence(pattern: str, after: datetime) -> datetime | None:
    """The first moment later than `after` that the pattern matches; None if there is none within
    fifty years. Raises InputException as `check_pattern` does."""
    times = _parsed(pattern, after)
    try:
        found: datetime = times.get_next(datetime)
    except (CroniterBadDateError, OverflowError):
        return None
    return found


def invalid_pattern(pattern: str, reason: str = '') -> InputException:
    return InputException(f'The specified pattern is not valid: {pattern}{reason}')


def _parsed(pattern: str, after: datetime | None) -> Any:
    try:
        return croniter(pattern, after)
    # What croniter raises for texts that it has not thought of, too.
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as e:
        raise invalid_pattern(pattern) from e
