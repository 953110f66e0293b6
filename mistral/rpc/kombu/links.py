"""The thread that keeps a connection, and makes it again when it is lost."""

import logging
import math
import random
import selectors
import socket
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

import amqp

from mistral.rpc.kombu.connections import Connection
from mistral.rpc.kombu.settings import Host, Settings

LOG = logging.getLogger(__name__)

#: Seconds after which a connection has proved good, and is made again at once when it is lost.
_PROVED: Final = 1

#: Seconds for the thread to end, which may be waiting for a host that does not answer.
_STOP_TIMEOUT: Final = 15


class User(Protocol):
    """What uses the connection of a link. All its methods are called by the link's thread."""

    def opened(self, connection: Connection) -> None:
        """Declare and consume on a new connection. It is made anew if this raises an error."""

    def work(self) -> float | None:
        """Write what there is to write; returns seconds until there is something to do again.

        None: when the link is woken, or something has come.
        """

    def closing(self) -> None:
        """Write the last words: the link is being stopped."""

    def closed(self, error: Exception | None) -> None:
        """The connection is gone; `error` says why, None if it was closed."""


class Broker:
    """Where the broker is, and whether it is there; shared by the links of a process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._missed_by: set[object] = set()
        self._trouble: str | None = None

    def connect(self, attempt: int) -> Connection:
        """Connect to one host after the other, with the number of the attempt."""
        host = self._host(attempt)
        LOG.debug('Connecting to the message broker on %s', host)
        return Connection(self._settings, host)

    def delay(self, attempt: int) -> float:
        """Seconds to wait before an attempt: nothing until all hosts were tried once."""
        rounds = attempt // len(self._settings.hosts)
        if rounds == 0:
            return 0
        most = self._settings.retry_interval_max
        delay = self._settings.retry_interval + (rounds - 1) * self._settings.retry_backoff
        # Not all processes at the same time.
        return min(delay, most) * random.uniform(0.5, 1)  # noqa: S311

    def lost(self, link: object, attempt: int, error: Exception) -> None:
        """Note that a link is down; the first one that is says so."""
        with self._lock:
            self._trouble = f'{type(error).__name__}: {error}'
            is_first = not self._missed_by
            self._missed_by.add(link)
        if is_first:
            LOG.warning(
                'The connection to the message broker on %s is lost or cannot be made, trying '
                'again: %s: %s',
                self._host(attempt),
                type(error).__name__,
                error,
            )

    def found(self, link: object, host: Host) -> None:
        """Note that a link is up; the last one that is says so if the broker was missed."""
        with self._lock:
            is_last = self._missed_by == {link}
            self._missed_by.discard(link)
        if is_last:
            LOG.warning('The message broker on %s is there again', host)

    @property
    def trouble(self) -> str | None:
        """Why the broker cannot be used at the moment; None if it can."""
        return self._trouble if self._missed_by else None

    def forget(self, link: object) -> None:
        with self._lock:
            self._missed_by.discard(link)

    def _host(self, attempt: int) -> Host:
        return self._settings.hosts[attempt % len(self._settings.hosts)]


class Link:
    """Runs a user with a connection until it is stopped."""

    def __init__(self, name: str, broker: Broker, user: User) -> None:
        self._broker = broker
        self._user = user
        self._stopping = threading.Event()
        self._is_asleep = False
        self._is_up = False
        self._up_since = math.inf
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)

    @property
    def is_up(self) -> bool:
        return self._is_up

    def start(self) -> None:
        """Connect in the background."""
        self._thread.start()

    def wake(self) -> None:
        """Have the user work. Cheap if it does already; any thread may call it."""
        if self._is_asleep:
            self._is_asleep = False
            self._write_wake()

    def stop(self) -> None:
        """Close the connection, if there is one, and end the thread."""
        self._stopping.set()
        self._write_wake()
        self._thread.join(_STOP_TIMEOUT)
        self._broker.forget(self)
        if not self._thread.is_alive():
            self._wake_reader.close()
            self._wake_writer.close()

    def _write_wake(self) -> None:
        try:
            self._wake_writer.send(b'\0')
        except OSError:
            # It is as full as it has to be, or nobody reads any more.
            pass

    def _run(self) -> None:
        attempt = 0
        while not self._stopping.is_set():
            self._up_since = math.inf
            try:
                self._keep(self._broker.connect(attempt))
                continue
            except (amqp.AMQPError, OSError) as e:
                self._broker.lost(self, attempt, e)
            except Exception as e:  # a bug must not end the thread
                LOG.exception('The connection to the message broker is given up')
                self._broker.lost(self, attempt, e)
            is_proved = time.monotonic() - self._up_since > _PROVED
            attempt = 0 if is_proved else attempt + 1
            self._stopping.wait(self._broker.delay(attempt))

    def _keep(self, connection: Connection) -> None:
        """Use a connection until it is lost or the link is stopped."""
        error = None
        try:
            self._user.opened(connection)
            connection.hold()
            self._is_up = True
            self._up_since = time.monotonic()
            self._broker.found(self, connection.host)
            self._serve(connection)
            self._user.work()
            self._user.closing()
            connection.close()
        except Exception as e:
            error = e
            raise
        finally:
            self._is_up = False
            connection.drop()
            self._user.closed(error)

    def _serve(self, connection: Connection) -> None:
        # Not select.poll(): eventlet has none.
        with selectors.DefaultSelector() as selector:
            selector.register(connection.fileno, selectors.EVENT_READ)
            selector.register(self._wake_reader, selectors.EVENT_READ)
            while not self._stopping.is_set():
                # Before the work, so that whoever has more of it from now on ends the sleep.
                self._is_asleep = True
                wait = _sooner(self._user.work(), connection.keep_alive())
                ready = selector.select(wait)
                self._is_asleep = False
                for key, _ in ready:
                    if key.fileobj is self._wake_reader:
                        self._wake_reader.recv(4096)
                    else:
                        connection.receive()


def _sooner(one: float | None, other: float | None) -> float | None:
    return min((wait for wait in (one, other) if wait is not None), default=None)


#: Makes the link of a user.
MakeLink = Callable[[str, User], Link]
