"""The clock of the database layer and the engine."""

from datetime import UTC, datetime, timedelta


def utc_now() -> datetime:
    """The current time in UTC, without a time zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def rounded_up(time: datetime) -> datetime:
    """Times are stored in whole seconds, and what is due must not come too early."""
    return (time + timedelta(seconds=1, microseconds=-1)).replace(microsecond=0)
