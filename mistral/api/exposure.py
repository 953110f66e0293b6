"""Turns methods of controllers into HTTP handlers: access rule, arguments, body, JSON answer."""

import functools
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import pecan
import webob
import wsme.exc
import wsme.rest.args
import wsme.rest.json
import wsme.types

from mistral.api.answers import Answer
from mistral.api.requests import ApiRequest, Call
from mistral.api.types import Resource, parse_json

#: The body is a text in UTF-8, such as a definition.
TEXT: Final = 'text'

#: WSME datatypes of the arguments that a query may give, by name.
Arguments = Mapping[str, Any]

#: Media types of JSON bodies.
JSON_TYPES: Final = frozenset(wsme.rest.json.accept_content_types)

_FORM_TYPES: Final = frozenset({'', 'application/x-www-form-urlencoded', 'multipart/form-data'})

#: Such as the report of a workflow that has called itself hundreds of times.
_TOO_DEEP: Final = (
    'The answer is nested too deeply. Ask for a part of it, for example with max_depth=50.'
)


@dataclass(frozen=True, slots=True)
class Declaration:
    """What `expose` has been told about a handler, and what its signature says.

    `path` names its path arguments; the first `required` of them have no default.
    """

    rule: str | None
    further_rules: tuple[str, ...] = ()
    query: Arguments = field(default_factory=dict)
    body: type[Resource] | Literal['text'] | None = None
    answer: Answer = None
    status: int = 200
    example: Any = None
    path: tuple[str, ...] = ()
    required: int = 0

    def takes(self, count: int) -> bool:
        """Whether the handler can be called with so many path arguments."""
        return self.required <= count <= len(self.path)


def expose(
    rule: str | None,
    *,
    further_rules: tuple[str, ...] = (),
    query: Arguments | None = None,
    ignore_unknown: bool = False,
    body: type[Resource] | Literal['text'] | None = None,
    body_name: str = 'body',
    answer: Answer = None,
    status: int = 200,
    example: Any = None,
) -> Callable[[Callable[..., Any]], Callable[..., webob.Response]]:
    """Declare a controller's method `(self, call, *path_arguments)` as an HTTP handler.

    `rule` is the access rule that callers must pass, None lets everybody in; the method itself may
    ask for `further_rules`. Query arguments other than those of `query` are an error unless
    `ignore_unknown` is set. `body` is the resource that the JSON body describes, `TEXT`, or None;
    messages call it `body_name`. What the method returns, which `answer` describes, is sent as
    JSON, unless it is a response by itself; with `status` 204 nothing is sent. `example` is a body.

    The handler's `declaration` says all that, for the description of the API.
    """
    arguments = query or {}

    def decorate(method: Callable[..., Any]) -> Callable[..., webob.Response]:
        names, required = _path_arguments(method)

        @functools.wraps(method)
        def handler(
            self: Any, request: ApiRequest, _response: webob.Response, *path: str
        ) -> webob.Response:
            caller = request.context['caller']
            services = self.services
            if rule is not None:
                services.policies.authorize(rule, caller)
            if len(path) < required:
                raise wsme.exc.MissingArgument(names[len(path)])
            if len(path) > len(names):
                raise wsme.exc.ClientSideError(f'Unexpected part of the URL: {path[len(names)]}')
            call = Call(
                request=request,
                caller=caller,
                policies=services.policies,
                query=parse_query(request, arguments, ignore_unknown=ignore_unknown),
                body=_parse_body(request, body, body_name, services.settings.max_body_bytes),
                further_rules=further_rules,
            )
            try:
                result = method(self, call, *path)
                if isinstance(result, webob.Response):
                    return result
                return json_response(result, status)
            except RecursionError:
                raise wsme.exc.ClientSideError(_TOO_DEEP) from None

        # pecan takes the arguments of what it calls from the signature.
        del handler.__wrapped__
        handler.declaration = Declaration(  # type: ignore[attr-defined]
            rule, further_rules, arguments, body, answer, status, example, tuple(names), required
        )
        return pecan.expose(content_type='application/json')(handler)

    return decorate


def json_response(result: Any, status: int = 200) -> webob.Response:
    if status == 204:
        return webob.Response(status=204, content_type=None)
    return webob.Response(
        body=json.dumps(result).encode('ascii'), status=status, content_type='application/json'
    )


def parse_query(
    request: ApiRequest, arguments: Arguments, *, ignore_unknown: bool = False
) -> dict[str, Any]:
    """The query's arguments, converted to their types; raises ClientSideError for bad ones."""
    given = request.GET
    if not given:
        return {}
    values: dict[str, Any] = {}
    for name in given:
        if name in arguments:
            values[name] = _convert(name, arguments[name], given.getall(name))
        elif not ignore_unknown:
            raise wsme.exc.UnknownArgument(name)
    return values


def _convert(name: str, datatype: Any, texts: Sequence[str]) -> Any:
    text = texts[-1]
    try:
        if len(texts) > 1 and not getattr(datatype, 'repeatable', False):
            text = str(list(texts))
            raise ValueError('only one value is allowed')
        value = wsme.rest.args.from_param(datatype, text)
        return wsme.types.validate_value(datatype, value)
    except ValueError as error:
        type_name = getattr(datatype, 'name', None) or datatype.__name__
        raise wsme.exc.InvalidInput(
            name, text, f'unable to convert to {type_name}. Error: {error}'
        ) from None


def _parse_body(
    request: ApiRequest,
    expected: type[Resource] | Literal['text'] | None,
    name: str,
    limit: int,
) -> Any:
    if expected is None:
        return None
    content = request.read_body(limit)
    if expected == TEXT:
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise wsme.exc.ClientSideError(f'The body is not valid UTF-8: {error}') from None
    return _parse_resource(content, request.content_type, expected, name)


def _parse_resource(
    content: bytes, content_type: str, resource: type[Resource], name: str
) -> Resource:
    if not content:
        raise wsme.exc.MissingArgument(name)
    if content_type in _FORM_TYPES:
        start = content[:80].decode(errors='replace')
        raise wsme.exc.UnknownArgument(
            start,
            'the body was sent as a form, JSON needs the header "Content-Type: application/json"',
        )
    if content_type not in JSON_TYPES:
        raise wsme.exc.ClientSideError(f'Unknown mimetype: {content_type}', 415)
    try:
        data = parse_json(content)
    except ValueError:
        raise wsme.exc.ClientSideError('Request is not in valid JSON format') from None
    if not isinstance(data, dict):
        raise wsme.exc.InvalidInput(name, data, 'The body must be a JSON object.')
    try:
        return wsme.rest.json.fromjson(resource, data)
    except wsme.exc.UnknownAttribute as error:
        error.add_fieldname(name)
        raise
    except (ValueError, TypeError) as error:
        raise wsme.exc.InvalidInput(name, data, str(error)) from None


def _path_arguments(method: Callable[..., Any]) -> tuple[list[str], int]:
    """Names of the arguments after `self` and `call`, and how many of them have no default."""
    parameters = list(inspect.signature(method).parameters.values())[2:]
    required = sum(each.default is each.empty for each in parameters)
    return [each.name for each in parameters], required
