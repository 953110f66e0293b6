"""A network between a service and its database that a test can cut."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Proxy:
    """Passes connections to `port` of this host on to another address, unless it is cut."""

    def __init__(self, listener: socket.socket, target: tuple[str, int]) -> None:
        self.port: int = listener.getsockname()[1]
        self._listener = listener
        self._target = target
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._is_cut = False

    def cut(self) -> None:
        """Break all connections; those that are tried from now on break at once."""
        with self._lock:
            self._is_cut = True
            for end in self._sockets:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        with self._lock:
            self._is_cut = False

    def serve(self) -> None:
        """Runs until the listener is shut down."""
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._is_cut:
                    near.close()
                    continue
                far = socket.create_connection(self._target)
                self._sockets |= {near, far}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with self._lock:
            # The other direction ends as well, and closes its own source.
            with suppress(OSError):
                sink.shutdown(socket.SHUT_RDWR)
            self._sockets.discard(source)
            source.close()


@contextmanager
def proxy_to(host: str, port: int) -> Iterator[Proxy]:
    with socket.create_server(('127.0.0.1', 0)) as listener:
        proxy = Proxy(listener, (host, port))
        thread = threading.Thread(target=proxy.serve, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.cut()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
