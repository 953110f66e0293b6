"""The clock of the database layer and the engine."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The current time in UTC, without a time zone."""
    return datetime.now(UTC).replace(tzinfo=None)
