"""A connection to the broker, for use by one thread.

py-amqp knows the protocol. It reads from the socket in many small steps, though, and can not say
whether more has come already; so once a connection is set up its frames are read here, as many as
there are at a time, and written as many as there are at a time.
"""

import logging
import os
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from socket import TCP_USER_TIMEOUT
from typing import Any, Final

import amqp
from amqp import spec
from amqp.exceptions import error_for_code
from amqp.method_framing import frame_writer

from mistral.rpc.kombu.settings import Host, Settings

LOG = logging.getLogger(__name__)

#: Seconds that connecting to a host may take.
_CONNECT_TIMEOUT: Final = 10

#: Seconds that the broker may take to answer, or to take in what is written.
_IO_TIMEOUT: Final = 30

#: Seconds to wait for the broker's good-bye.
_CLOSE_TIMEOUT: Final = 2

_CHUNK: Final = 1 << 18

#: Type, channel and size of a frame; one octet ends it.
_FRAME_HEADER: Final = struct.Struct('>BHI')

#: Bytes to write at a time.
FULL: Final = 1 << 16


class _Channel(amqp.Channel):
    def _on_close(self, reply_code: int, reply_text: str, class_id: int, method_id: int) -> None:
        """Called when the broker closes the channel.

        It would be opened again, without its queues and consumers. The connection is made anew
        instead, for which there is code anyway.
        """
        raise error_for_code(reply_code, reply_text, (class_id, method_id), amqp.ChannelError)


class _Amqp(amqp.Connection):
    Channel = _Channel


class Connection:
    """An open connection. Errors of amqp, and OSError, mean that it is of no use any more."""

    def __init__(self, settings: Settings, host: Host) -> None:
        """Connect.

        :raises amqp.AMQPError, OSError: if that does not succeed.
        """
        self.host = host
        #: True while the broker, short of memory or disk, takes in no messages.
        self.is_blocked = False
        self._written = bytearray()
        self._next_beat = 0.0
        self._is_held = False
        self._read = bytearray()
        self._transport: Any = None
        self._amqp = _Amqp(**self._arguments(settings, host))
        try:
            self._amqp.connect()
        except BaseException:
            self.drop()
            raise
        self._socket = self._amqp.sock
        self._socket.settimeout(_IO_TIMEOUT)
        self._pending: Callable[[], int] = getattr(self._socket, 'pending', lambda: 0)

    @property
    def fileno(self) -> int:
        """What to wait on for the next `receive`."""
        number: int = self._socket.fileno()
        return number

    @property
    def is_open(self) -> bool:
        return bool(self._amqp.connected)

    @property
    def heartbeat(self) -> float:
        """Seconds between heartbeats as agreed with the broker; 0: there are none."""
        return self._amqp.heartbeat or 0

    @property
    def is_full(self) -> bool:
        """Tell whether it is time to `flush`."""
        return len(self._written) >= FULL

    def channel(self) -> Any:
        """A new channel. Waits for the broker, as all methods of it may until `hold`."""
        return self._amqp.channel()

    def hold(self) -> None:
        """From now on keep what is written until `flush`, and read with `receive` only."""
        self._is_held = True

    def flush(self) -> None:
        if self._written:
            data, self._written = self._written, bytearray()
            self._transport.write(data)

    def receive(self) -> None:
        """Read what has come and call back for it; blocks for a while if nothing has."""
        while True:
            data = self._socket.recv(_CHUNK)
            if not data:
                raise ConnectionResetError('The broker has closed the connection')
            self._read += data
            self._handle_frames()
            # TLS may hold data that has left the socket already, which poll() can not see.
            if not self.is_open or not self._pending():
                return

    def keep_alive(self) -> float | None:
        """Write what there is, and a heartbeat if it is time to; returns seconds until the next.

        None: the broker wants none. Raises ConnectionForced if it sends none itself.
        """
        wait = None
        if pulse := self.heartbeat / 4:
            # Four looks per heartbeat: two of them have to be sent within one.
            now = time.monotonic()
            if now >= self._next_beat:
                self._amqp.heartbeat_tick()
                self._next_beat = now + pulse
            wait = self._next_beat - now
        self.flush()
        return wait

    def close(self) -> None:
        """Say good-bye: what was written before has been taken in when this returns."""
        self._amqp.send_method(spec.Connection.Close, 'BsBB', (0, '', 0, 0))
        self.flush()
        deadline = time.monotonic() + _CLOSE_TIMEOUT
        self._socket.settimeout(_CLOSE_TIMEOUT)
        try:
            while self.is_open and time.monotonic() < deadline:
                self.receive()
        except (amqp.AMQPError, OSError) as e:
            LOG.debug('The connection to the message broker ended early: %s', e)

    def drop(self) -> None:
        """Forget it. Does nothing if it is closed already."""
        try:
            self._amqp.collect()
        except (OSError, ValueError):
            # It is about TLS with a socket that is broken.
            pass

    def write(self, data: Any) -> None:
        """Called by py-amqp with frames."""
        if self._is_held:
            self._written += data
        else:
            self._transport.write(data)

    def _handle_frames(self) -> None:
        data = self._read
        start, end = 0, len(data)
        frames = []
        while end - start >= _FRAME_HEADER.size:
            kind, channel, size = _FRAME_HEADER.unpack_from(data, start)
            body = start + _FRAME_HEADER.size
            if end < body + size + 1:
                break
            frames.append((kind, channel, bytes(data[body : body + size])))
            start = body + size + 1
        del data[:start]
        for frame in frames:
            self._amqp.on_inbound_frame(frame)

    def _arguments(self, settings: Settings, host: Host) -> dict[str, Any]:
        tls: Any = False
        if settings.tls is not None:
            tls = dict(settings.tls) or True
            if settings.check_host_name:
                tls['server_hostname'] = host.name
        program = Path(sys.argv[0]).name
        # By default the kernel gives a connection up a second after data is not taken in.
        patience = (settings.heartbeat or _IO_TIMEOUT) * 1000
        return {
            'host': str(host),
            'userid': host.user,
            'password': host.password,
            'login_method': settings.login_method,
            'virtual_host': settings.virtual_host,
            'ssl': tls,
            'connect_timeout': _CONNECT_TIMEOUT,
            'heartbeat': settings.heartbeat,
            'socket_settings': {TCP_USER_TIMEOUT: patience},
            'client_properties': {'connection_name': f'{program}:{os.getpid()}'},
            'on_blocked': lambda _reason: self._set_blocked(True),
            'on_unblocked': lambda: self._set_blocked(False),
            'frame_writer': self._frame_writer,
        }

    def _frame_writer(self, connection: Any, transport: Any) -> Any:
        self._transport = transport
        return frame_writer(connection, self)

    def _set_blocked(self, is_blocked: bool) -> None:
        self.is_blocked = is_blocked
