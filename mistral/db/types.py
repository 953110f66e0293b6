"""Column types that behave the same on PostgreSQL, MariaDB/MySQL and SQLite."""

import json
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import DateTime, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

#: Texts up to 16 MiB and up to 4 GiB; elsewhere TEXT has no such limits.
MediumText = Text().with_variant(mysql.MEDIUMTEXT(), 'mysql', 'mariadb')
LongText = Text().with_variant(mysql.LONGTEXT(), 'mysql', 'mariadb')


def dump_json(value: Any) -> str:
    """JSON text of plain data; keys may be any scalars, integers of any size."""
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        # Integers beyond 64 bits, lone surrogates.
        return json.dumps(value)


def load_json(text: str) -> Any:
    """The opposite of `dump_json`.

    Reads with the standard library: orjson makes floats of integers beyond 64 bits, and refuses
    NaN, which older rows may hold.
    """
    return json.loads(text)


class Json(TypeDecorator[Any]):
    """Plain data stored as JSON text; None is NULL."""

    impl = Text
    cache_ok = True

    def __init__(self, stored_as: Any = None) -> None:
        super().__init__()
        self._stored_as = stored_as

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return self._stored_as or Text()

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else dump_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else load_json(value)


class UtcDateTime(TypeDecorator[datetime]):
    """Times in UTC without a time zone, in whole seconds (as in the reference's databases)."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is not None:
            value = value.astimezone(UTC).replace(tzinfo=None)
        return value.replace(microsecond=0)
