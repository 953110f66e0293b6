"""The server side: handles messages with an endpoint."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from queue import SimpleQueue
from typing import Any, Final

from mistral.exceptions import MistralException
from mistral.rpc import errors
from mistral.rpc.kombu import messages
from mistral.rpc.kombu.client import KombuTransport
from mistral.rpc.kombu.deliveries import Delivery
from mistral.rpc.kombu.intake import Intake
from mistral.rpc.kombu.links import MakeLink
from mistral.rpc.kombu.topology import Queue

LOG = logging.getLogger(__name__)

#: Seconds for the broker to take in the last answers, and to stop sending messages.
_LAST_WORDS: Final = 5


class KombuServer:
    """:param stop_timeout: seconds for the calls in hand when it stops; None: what they take."""

    def __init__(
        self,
        name: str,
        endpoint: Any,
        transport: KombuTransport,
        queues: list[Queue],
        make_link: MakeLink,
        *,
        threads: int,
        capacity: int,
        stop_timeout: float | None,
    ) -> None:
        self._name = name
        self._endpoint = endpoint
        self._transport = transport
        self._stop_timeout = stop_timeout
        self._handling = _Counter()
        self._answering = _Counter()
        self._is_stopped = False
        self._todo: SimpleQueue[Delivery | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, name=f'rpc-{number}', daemon=True)
            for number in range(threads)
        ]
        self._intake = Intake(queues, capacity, self._take, make_link)

    @property
    def name(self) -> str:
        return self._name

    def start(self) -> None:
        """Serve as soon as the broker is there, which may be later."""
        for thread in self._threads:
            thread.start()
        self._intake.start()

    def stop(self) -> None:
        """Finish what is in hand, as far as there is time; other servers get the rest."""
        self._intake.cancel()
        self._intake.is_quiet.wait(_LAST_WORDS)
        if not self._handling.wait(self._stop_timeout):
            LOG.warning('Not all calls in hand have ended in time; they are given back')
        self._answering.wait(_LAST_WORDS)
        self._is_stopped = True
        self._intake.stop()
        for _ in self._threads:
            self._todo.put(None)

    def _take(self, delivery: Delivery) -> None:
        self._handling.add()
        self._todo.put(delivery)

    def _run(self) -> None:
        while (delivery := self._todo.get()) is not None:
            if self._is_stopped:
                continue  # it has been given back
            try:
                self._handle(delivery)
            except Exception:  # a bug must not end the thread
                LOG.exception('A message could not be handled')

    def _handle(self, delivery: Delivery) -> None:
        try:
            call = messages.read_call(delivery.body)
        except ValueError as e:
            LOG.error('A message on %s is no call: %s', delivery.queue.name, e)
            # Whoever waits for an answer would send it again and again if there was none.
            self._end(delivery, 'message', None, MistralException(f'This is no call: {e}'))
            return
        method = None if call.method.startswith('_') else getattr(self._endpoint, call.method, None)
        if method is None:
            error = MistralException(f'There is no "{call.method}" to call')
            self._end(delivery, call.method, None, error)
            return
        if getattr(method, 'at_most_once', False) and not self._intake.accept(delivery):
            self._handling.remove()
            return
        self._invoke(delivery, call, method)

    def _invoke(self, delivery: Delivery, call: messages.Call, method: Callable[..., Any]) -> None:
        # What the caller itself was told about its own message does not count here.
        caller = replace(call.caller, redelivered=delivery.redelivered)
        try:
            outcome = method(caller, **call.arguments)
        except Exception as e:  # noqa: BLE001  whatever it is, the caller gets it
            self._end(delivery, call.method, None, e)
            return
        if isinstance(outcome, Future):
            outcome.add_done_callback(partial(self._end_later, delivery, call.method))
        else:
            self._end(delivery, call.method, outcome)

    def _end_later(self, delivery: Delivery, method: str, outcome: 'Future[Any]') -> None:
        if outcome.cancelled():
            # Not handled: another server shall have it.
            self._intake.give_back(delivery)
            self._handling.remove()
        elif error := outcome.exception():
            self._end(delivery, method, None, error)
        else:
            self._end(delivery, method, outcome.result())

    def _end(
        self, delivery: Delivery, method: str, value: Any, error: BaseException | None = None
    ) -> None:
        """Answer if that is wanted, then acknowledge."""
        if error is not None:
            error = errors.as_told(error)
            _log(method, error, has_caller=delivery.reply_to is not None)
        if delivery.reply_to is None:
            self._intake.finish(delivery)
        else:
            self._answer(delivery, delivery.reply_to, method, value, error)
        self._handling.remove()

    def _answer(
        self,
        delivery: Delivery,
        reply_to: str,
        method: str,
        value: Any,
        error: BaseException | None,
    ) -> None:
        try:
            body = messages.write_result(value) if error is None else messages.write_error(error)
        except TypeError as e:
            LOG.exception('The result of "%s" cannot be sent', method)
            body = messages.write_error(e)
        self._answering.add()
        self._transport.answer(reply_to, delivery.call_id, body, partial(self._answered, delivery))

    def _answered(self, delivery: Delivery, _error: Exception | None) -> None:
        """The broker has the answer, or it cannot be sent to anybody any more."""
        self._intake.finish(delivery)
        self._answering.remove()


class _Counter:
    """How many there are of something; any thread may change it or wait until there are none."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0

    def add(self) -> None:
        with self._changed:
            self._count += 1

    def remove(self) -> None:
        with self._changed:
            self._count -= 1
            if not self._count:
                self._changed.notify_all()

    def wait(self, timeout: float | None) -> bool:
        """Tell whether there are none within this many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._count, timeout)


def _log(method: str, error: BaseException, *, has_caller: bool) -> None:
    """Log what no caller hears of: all errors of casts, and what is behind unforeseen ones."""
    if not isinstance(error, MistralException):
        LOG.error('"%s" has failed', method, exc_info=error)
    elif not has_caller:
        LOG.error('"%s" has failed: %s: %s', method, type(error).__name__, error)
