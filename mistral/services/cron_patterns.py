"""Patterns of cron triggers: five fields, or six with the seconds at the end, or seven with years
after those; or an alias such as `@hourly`. Moments are in UTC, patterns in a time zone."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterBadDateError, croniter

from mistral.exceptions import InputException


def check_pattern(pattern: str) -> None:
    """Raise InputException if a pattern cannot be understood."""
    _parsed(pattern, None)


def next_occurrence(pattern: str, after: datetime, time_zone: str | None = None) -> datetime | None:
    """The first moment later than `after` that the pattern matches in the time zone (UTC).

    None if there is none within fifty years. Where clocks are put forward, what falls into the gap
    comes when it ends; where they are put back, a time that there is twice comes twice. Raises
    InputException as `check_pattern` and `check_time_zone` do.
    """
    zone = _zone(time_zone)
    times = _parsed(pattern, after.replace(tzinfo=UTC).astimezone(zone))
    try:
        found: datetime = times.get_next(datetime)
    except (CroniterBadDateError, OverflowError):
        return None
    return found.astimezone(UTC).replace(tzinfo=None)


def check_time_zone(name: str | None) -> None:
    """Raise InputException if there is no such zone; None is UTC."""
    _zone(name)


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or 'UTC')
    # What ZoneInfo raises for texts that are no names, too.
    except (ZoneInfoNotFoundError, ValueError, OSError) as e:
        raise InputException(
            f"There is no time zone '{name}': give a name such as Europe/Berlin."
        ) from e


def invalid_pattern(pattern: str, reason: str = '') -> InputException:
    return InputException(f'The specified pattern is not valid: {pattern}{reason}')


def _parsed(pattern: str, after: datetime | None) -> Any:
    try:
        return croniter(pattern, after)
    # What croniter raises for texts that it has not thought of, too.
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as e:
        raise invalid_pattern(pattern) from e
