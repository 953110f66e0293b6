"""Making futures."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextvars import copy_context
from typing import Any, TypeVar

A = TypeVar('A')
B = TypeVar('B')


def all_done(
    futures: Mapping[str, 'Future[Any]'], is_refusal: Callable[[BaseException], bool]
) -> 'Future[list[str]]':
    """A future that is done when all others are.

    It gives the names of those that were refused, and fails as one does that failed otherwise.
    """
    result: Future[list[str]] = Future()
    lock = threading.Lock()
    left = len(futures)
    if not left:
        result.set_result([])

    def on_done(_future: 'Future[Any]') -> None:
        nonlocal left
        with lock:
            left -= 1
            is_last = not left
        if is_last:
            _conclude(futures, is_refusal, result)

    for future in futures.values():
        future.add_done_callback(on_done)
    return result


def _conclude(
    futures: Mapping[str, 'Future[Any]'],
    is_refusal: Callable[[BaseException], bool],
    result: 'Future[list[str]]',
) -> None:
    refused = []
    for name, future in futures.items():
        error = future.exception()
        if error is None:
            continue
        if not is_refusal(error):
            result.set_exception(error)
            return
        refused.append(name)
    result.set_result(refused)


def mapped(future: 'Future[A]', function: Callable[[A], B]) -> 'Future[B]':
    """A future of what the function makes of the result of another."""
    result: Future[B] = Future()

    def on_done(done: 'Future[A]') -> None:
        try:
            result.set_result(function(done.result()))
        except Exception as e:  # noqa: BLE001 - it goes to whoever waits
            result.set_exception(e)

    future.add_done_callback(on_done)
    return result


def resolved(value: A) -> 'Future[A]':
    future: Future[A] = Future()
    future.set_result(value)
    return future


def in_thread(name: str, function: Callable[[], A]) -> 'Future[A]':
    """A future of what the function gives, which runs in a thread of its own.

    It is for waiting that may take long: with a bounded pool some who wait could stop all others.
    The thread has the context variables of this one.
    """
    future: Future[A] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except Exception as e:  # noqa: BLE001 - it goes to whoever waits
            future.set_exception(e)

    threading.Thread(target=copy_context().run, args=(run,), name=name, daemon=True).start()
    return future
