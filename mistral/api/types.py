"""WSME types of the API's attributes and arguments."""

import datetime
import functools
import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

import wsme.exc
import wsme.types

from mistral.exceptions import InputException
from mistral.utils.ids import is_uuid


class Text(wsme.types.UserType):
    """A text that fits its column; `max_length` counts characters."""

    basetype = str
    name = 'text'
    #: Given several times in a query, the last one counts.
    repeatable = True

    def __init__(self, max_length: int | None = None) -> None:
        self.max_length = max_length

    def validate(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError(f"Wrong type. Expected '{str}', got '{type(value)}'")
        if self.max_length is not None and len(value) > self.max_length:
            raise ValueError(
                f'Value is {len(value)} characters long, at most {self.max_length} are allowed.'
            )
        if '\x00' in value:
            raise ValueError('Value must not contain the NUL character.')
        return value


class Choice(wsme.types.UserType):
    """One of a few words."""

    basetype = str
    name = 'enum'

    def __init__(self, *values: str) -> None:
        self.values = values

    def validate(self, value: Any) -> str:
        if value not in self.values:
            raise ValueError(f'Value should be one of: {", ".join(self.values)}')
        return value


class JsonObject(wsme.types.UserType):
    """A JSON object that answers carry as a text; requests may give the text or the object.

    The text of any empty JSON value means null: some languages have but one kind of empty array.
    """

    basetype = str
    name = 'json'

    @staticmethod
    def tobasetype(value: Any) -> str:
        return json.dumps(value)

    @staticmethod
    def frombasetype(value: Any) -> dict[str, Any] | None:
        if value is None or isinstance(value, dict):
            return value
        if not isinstance(value, str):
            raise ValueError(
                f'the JSON object must be str, bytes or bytearray, not {type(value).__name__}'
            )
        parsed = parse_json(value)
        if isinstance(parsed, dict):
            return parsed
        if parsed:
            raise InputException(f'JsonType field value must be a dictionary [actual={parsed}]')
        return None


class JsonValue(wsme.types.UserType):
    """Any JSON value. A request's text that is JSON stands for what it says, else for itself."""

    basetype = str
    name = 'json value'

    @staticmethod
    def tobasetype(value: Any) -> str:
        return json.dumps(value)

    @staticmethod
    def frombasetype(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return parse_json(value)
        except ValueError:
            return value


class Time(wsme.types.UserType):
    """A moment in UTC, whole seconds."""

    basetype = str
    name = 'time'

    @staticmethod
    def tobasetype(value: datetime.datetime | str) -> str:
        """An engine in another process tells times as texts."""
        moment = datetime.datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.isoformat(' ', 'seconds')

    @staticmethod
    def frombasetype(value: str) -> datetime.datetime:
        moment = datetime.datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            moment = moment.astimezone(datetime.UTC).replace(tzinfo=None)
        return moment


class TimeOrEmpty(Time):
    """Empty for what has come with the service and not through the API."""


class TimeText(Time):
    """A moment in UTC that requests give as a text, for whoever reads it in a form of its own."""

    @staticmethod
    def frombasetype(value: str) -> Any:
        return value

    @staticmethod
    def validate(value: Any) -> str:
        return text.validate(value)


class Uuid(wsme.types.UserType):
    basetype = str
    name = 'uuid'

    @staticmethod
    def frombasetype(value: str) -> str:
        if not is_uuid(value):
            raise ValueError(f'Expected a uuid but received {value}.')
        return value


def checked_uuid(name: str, value: str) -> str:
    """A path argument that can only be a UUID; raises InvalidInput for anything else."""
    try:
        return Uuid.frombasetype(value)
    except ValueError as e:
        raise wsme.exc.InvalidInput(name, value, f'unable to convert to uuid. Error: {e}') from e


class Flag(wsme.types.UserType):
    """A truth value in a query; nothing at all means false."""

    basetype = str
    name = 'bool'

    _WORDS: ClassVar[Mapping[str, bool]] = {
        **dict.fromkeys(('true', 't', '1', 'yes', 'y', 'on'), True),
        **dict.fromkeys(('false', 'f', '0', 'no', 'n', 'off', ''), False),
    }

    @classmethod
    def frombasetype(cls, value: str) -> bool:
        try:
            return cls._WORDS[value.lower()]
        except KeyError:
            raise ValueError(f'Value not an unambiguous boolean: {value}') from None


class Names(wsme.types.UserType):
    """A comma-separated list of lower-case names, in the order given; empty ones do not count."""

    basetype = str
    name = 'list'
    repeatable = True

    def __init__(self, *, unique: bool = True) -> None:
        self.unique = unique

    def frombasetype(self, value: str) -> tuple[str, ...]:
        found = [name.strip().lower() for name in value.split(',') if name.strip()]
        return tuple(dict.fromkeys(found) if self.unique else found)


text: Final = Text()
scope: Final = Choice('public', 'private')
json_object: Final = JsonObject()
json_value: Final = JsonValue()
tags: Final = wsme.types.ArrayType(str)
time: Final = Time()
time_or_empty: Final = TimeOrEmpty()
time_text: Final = TimeText()
uuid: Final = Uuid()
flag: Final = Flag()
names: Final = Names()
repeating_names: Final = Names(unique=False)


def parse_json(document: str | bytes) -> Any:
    """Parse strict JSON (no NaN, no lone surrogates); raises ValueError."""
    try:
        data = json.loads(document, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError('the document is nested too deeply') from None
    if '\\u' in document if isinstance(document, str) else b'\\u' in document:
        json.dumps(data, ensure_ascii=False).encode()
    return data


def _refuse_constant(name: str) -> None:
    raise ValueError(f'{name} is not JSON')


class Resource(wsme.types.Base):
    """Base of the API's resources: the attributes in the order in which answers show them."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._wsme_attr_order = [name for name in vars(cls) if not name.startswith('_')]

    @classmethod
    def attributes(cls) -> tuple[str, ...]:
        return tuple(cls._wsme_attr_order)

    @classmethod
    def render(cls, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row's JSON form: the attributes it has, in the resource's order.

        Rows come from our own storage, so they are not validated again.
        """
        return {
            name: convert(value) if convert is not None and value is not None else value
            for name, convert in _converters(cls)  # type: ignore[arg-type]  # mypy takes the class for unhashable
            if (value := row.get(name, wsme.types.Unset)) is not wsme.types.Unset
        }

    def given(self) -> dict[str, Any]:
        """The attributes that a request's body sets."""
        return {
            name: value
            for name in self.attributes()
            if (value := getattr(self, name)) is not wsme.types.Unset
        }


@functools.cache
def _converters(
    resource: type[Resource],
) -> tuple[tuple[str, Callable[[Any], Any] | None], ...]:
    datatypes = {name: getattr(resource, name).datatype for name in resource.attributes()}
    return tuple(
        (name, datatype.tobasetype if isinstance(datatype, JsonObject | JsonValue | Time) else None)
        for name, datatype in datatypes.items()
    )
