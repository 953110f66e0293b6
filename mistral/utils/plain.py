"""Plain data: what JSON can hold, made of dict, list, str, int, float, bool and None only."""

import json
import math
from typing import Any, Final

from oslo_serialization import jsonutils

_SCALARS: Final = frozenset({str, int, bool, type(None)})


def to_plain(value: Any) -> Any:
    """The value itself if it is plain data, else a copy with everything odd in it converted.

    Tuples and sets become lists, dates texts, objects mappings of their attributes, keys texts.

    :raises ValueError: if a part cannot be converted, such as a number that is not finite.
    :raises TypeError: likewise.
    :raises RecursionError: if the value is nested too deeply or contains itself.
    """
    if _is_plain(value):
        return value
    primitive = jsonutils.to_primitive(value, convert_instances=True)
    return json.loads(json.dumps(primitive, allow_nan=False))


def _is_plain(value: Any) -> bool:
    # Plain loops: results may be large, and generators would take thrice the time.
    kind = type(value)
    if kind in _SCALARS:
        return True
    if kind is dict:
        for key, item in value.items():
            if type(key) is not str or (type(item) not in _SCALARS and not _is_plain(item)):
                return False
        return True
    if kind is list:
        for item in value:  # noqa: SIM110
            if type(item) not in _SCALARS and not _is_plain(item):
                return False
        return True
    return kind is float and math.isfinite(value)
