"""Profiling with osprofiler: a request with its signed headers leaves a trace in the log.

The trace follows the calls that the request makes to other processes until they are answered.
This module is imported only where `[profiler] enabled` is on.
"""

import functools
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import sqlalchemy
from osprofiler import notifier, profiler, web
from osprofiler import sqlalchemy as sqlalchemy_tracing

from mistral.context import RequestContext
from mistral.rpc import base

#: Seconds from which on a point is marked as slow.
_SLOW: Final = 0.5

#: Names of Mistral 23 for calls, on either side; others are called after their methods.
_CLIENT_POINTS: Final = {
    'complete_action': 'engine-client-on-action-complete',
    'update_action': 'engine-client-on-action-update',
    'run_action': 'executor-client-run-action',
    'run_action_sync': 'executor-client-run-action',
}
_SERVER_POINTS: Final = {
    'complete_action': 'engine-on-action-complete',
    'update_action': 'engine-on-action-update',
    'run_action': 'default-executor-run-action',
    'run_action_sync': 'default-executor-run-action',
}

#: The trace that a thread goes on with which waits in the place of another one.
_handed_on: ContextVar[Mapping[str, str] | None] = ContextVar('trace', default=None)


class Profiler:
    """Puts points of the trace around requests, calls and statements."""

    def __init__(self, conf: Any) -> None:
        self._group = conf.profiler
        notifier.set(PointLog(logging.getLogger(self._group.profiler_log_name)))

    def watch_database(self, engine: sqlalchemy.Engine) -> None:
        if self._group.trace_sqlalchemy:
            sqlalchemy_tracing.add_tracing(sqlalchemy, engine, 'db')

    def around_app(self, app: WSGIApplication) -> WSGIApplication:
        traced: WSGIApplication = web.WsgiMiddleware(app, self._group.hmac_keys, enabled=True)

        def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            try:
                return traced(environ, start_response)
            finally:
                # The next request of this thread may be one without a trace.
                profiler.clean()

        return call

    def around_bus(self, bus: base.Backend) -> base.Backend:
        return _TracedBus(bus)

    def around_transport(self, transport: base.Transport) -> base.Transport:
        return _TracedTransport(transport)

    def around_endpoint(self, topic: str, endpoint: Any) -> Any:
        return _TracedEndpoint(topic, endpoint)


class PointLog:
    """Writes a line for each point: time, duration, ids, name, and the statement if it is one."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._begun: dict[str, datetime] = {}

    def __call__(self, point: Mapping[str, Any]) -> None:
        now = datetime.fromisoformat(point['timestamp'])
        duration = ' ' * 8
        remark = ''
        if point['name'].endswith('-start'):
            self._begun[point['trace_id']] = now
        elif begun := self._begun.pop(point['trace_id'], None):
            seconds = (now - begun).total_seconds()
            duration = f'{seconds:8.6f}'
            remark = ' <- !!!' if seconds > _SLOW else ''
        if statement := point.get('info', {}).get('db', {}).get('statement'):
            remark += f' {json.dumps({"statement": str(statement)})}'
        self._log.info(
            '%s %s %s %s %s %s%s',
            point['timestamp'],
            duration,
            point['base_id'],
            point['parent_id'],
            point['trace_id'],
            point['name'],
            remark,
        )


class _TracedTransport:
    """Sends the trace along with the calls of a request that has one."""

    def __init__(self, transport: base.Transport) -> None:
        self._transport = transport

    def call(
        self,
        topic: str,
        method: str,
        caller: RequestContext,
        arguments: Mapping[str, Any],
        *,
        server: str | None = None,
        timeout: float | None = None,
    ) -> Any:
        with _calling(topic, method, caller) as sent:
            return self._transport.call(
                topic, method, sent, arguments, server=server, timeout=timeout
            )

    def cast(
        self,
        topic: str,
        method: str,
        caller: RequestContext,
        calls: Sequence[Mapping[str, Any]],
        *,
        server: str | None = None,
    ) -> None:
        with _calling(topic, method, caller) as sent:
            self._transport.cast(topic, method, sent, calls, server=server)


class _TracedEndpoint:
    """Goes on with the traces of its callers."""

    def __init__(self, topic: str, endpoint: Any) -> None:
        self._topic = topic
        self._endpoint = endpoint

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._endpoint, name)
        point = _SERVER_POINTS.get(name, _point(self._topic, name))

        @functools.wraps(method)
        def traced(caller: RequestContext, **arguments: Any) -> Any:
            if caller.trace is None:
                return method(caller, **arguments)
            with _resumed(caller.trace, point):
                answer = method(replace(caller, trace=None), **arguments)
                if isinstance(answer, Future):
                    # The point ends where it began, in this thread.
                    wait([answer])
            return answer

        return traced


class _TracedBus(base.Backend):
    def __init__(self, bus: base.Backend) -> None:
        self._bus = bus
        self._transport = _TracedTransport(bus.transport)

    @property
    def transport(self) -> base.Transport:
        return self._transport

    def server(self, topic: str, endpoint: Any, *, threads: int, capacity: int) -> base.Server:
        return self._bus.server(
            topic, _TracedEndpoint(topic, endpoint), threads=threads, capacity=capacity
        )

    @property
    def trouble(self) -> str | None:
        return self._bus.trouble

    def close(self) -> None:
        self._bus.close()


@contextmanager
def _calling(topic: str, method: str, caller: RequestContext) -> Iterator[RequestContext]:
    """The caller with the trace of this thread, if there is one."""
    point = _CLIENT_POINTS.get(method, _point(f'{topic}-client', method))
    if profiler.get() is not None:
        with profiler.Trace(point):
            yield replace(caller, trace=_here())
    elif (trace := _handed_on.get()) is not None:
        with _resumed(trace, point):
            yield replace(caller, trace=_here())
    else:
        yield caller


@contextmanager
def _resumed(trace: Mapping[str, str], point: str) -> Iterator[None]:
    """Go on with a trace in this thread, which may be that of the caller itself."""
    is_here = profiler.get() is not None
    if not is_here:
        profiler.init(**trace)
    try:
        with profiler.Trace(point):
            token = _handed_on.set(_here())
            try:
                yield
            finally:
                _handed_on.reset(token)
    finally:
        if not is_here:
            profiler.clean()


def _here() -> dict[str, str] | None:
    """The trace of this thread, if it has one, for others to go on with."""
    current = profiler.get()
    if current is None:
        return None
    return {
        'hmac_key': current.hmac_key,
        'base_id': current.get_base_id(),
        'parent_id': current.get_id(),
    }


def _point(side: str, method: str) -> str:
    return f'{side}-{method.replace("_", "-")}'
