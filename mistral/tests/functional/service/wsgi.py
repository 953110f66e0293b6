"""The API under a WSGI server."""

import sys
from pathlib import Path
from typing import Final

from mistral.tests.functional.service.processes import Options, Program, write_config
from mistral.tests.waiting import wait_for

#: A server that ends, as others do, with what was registered for the end of the interpreter.
_SERVER: Final = """
import signal
import sys
from cheroot.wsgi import Server
from mistral.wsgi import application
server = Server(('127.0.0.1', 0), application)
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
server.prepare()
print(f'Serving http://127.0.0.1:{server.bind_addr[1]}/v2', flush=True)
try:
    server.serve()
finally:
    server.stop()
"""


class WsgiServer(Program):
    """A WSGI server that serves `mistral.wsgi:application`."""

    def __init__(self, home: Path, options: Options) -> None:
        config = write_config(home / 'wsgi.conf', options)
        super().__init__('wsgi', home, {'MISTRAL_CONFIG_FILE': str(config)})

    def launch(self) -> None:
        """Start it and return at once, see `url`."""
        self._start(sys.executable, '-c', _SERVER)

    def url(self) -> str:
        """Where the API is; waits until it is there."""

        def served() -> str | None:
            assert self.is_running, f'The server does not start:\n{self.new_log}'
            _, found, url = self.new_log.partition('Serving ')
            return url.split()[0] if found and url.endswith('\n') else None

        return wait_for(served, 'API under WSGI')
