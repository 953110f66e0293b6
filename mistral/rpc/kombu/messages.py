"""What a call and its answer look like as messages.

A call is a JSON object: `method`, `caller`, `arguments`. An answer is one, too: `result`, or
`error` as `mistral.rpc.errors` writes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mistral.context import RequestContext
from mistral.rpc import errors, wire


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    caller: RequestContext
    arguments: dict[str, Any]


class CallWriter:
    """Writes calls that have method and caller in common."""

    def __init__(self, method: str, caller: RequestContext) -> None:
        self._head = (
            f'{{"method": {wire.dump(method)}, "caller": {wire.dump(wire.dump_caller(caller))}, '
            '"arguments": '
        )

    def write(self, arguments: Mapping[str, Any]) -> bytes:
        """Raises TypeError for what cannot be sent."""
        return f'{self._head}{wire.dump(arguments)}}}'.encode()


def read_call(body: bytes | str) -> Call:
    """Raises ValueError if it is none."""
    try:
        data = wire.load(_text(body))
        if not isinstance(data['arguments'], dict):
            raise TypeError('The arguments have no names')
        return Call(data['method'], wire.load_caller(data['caller']), data['arguments'])
    except (LookupError, TypeError) as e:
        raise ValueError(f'{type(e).__name__}: {e}') from e


def write_result(value: Any) -> bytes:
    """Raises TypeError for what cannot be sent."""
    return wire.dump({'result': value}).encode()


def write_error(error: BaseException) -> bytes:
    return wire.dump({'error': errors.dump(error)}).encode()


def read_answer(body: bytes | str) -> Any:
    """The result of the call; raises the error that the endpoint has raised."""
    answer = wire.load(_text(body))
    if 'error' in answer:
        raise errors.load(answer['error'])
    return answer['result']


def _text(body: bytes | str) -> str:
    return body.decode() if isinstance(body, bytes) else body
