"""The WSGI entry: `mistral.wsgi:application` serves the REST API under any WSGI server.

The configuration comes from the search path and the environment, as for `mistral-server` without
arguments. With a message bus any number of processes may serve the API; the other components run
elsewhere. Without one the whole service runs behind it, so the WSGI server must be given one
process.
"""

import atexit
import threading
from typing import Any

from mistral import config
from mistral.cmd import settings
from mistral.cmd.components import Components
from mistral.cmd.embedded import EmbeddedService
from mistral.cmd.foundation import Foundation
from mistral.cmd.process import load_backend


def _build() -> Any:
    conf = settings.load([], 'mistral')
    if config.is_in_process(config.transport_scheme(conf)):
        service = EmbeddedService(conf)
        service.start(serve_http=False)
        atexit.register(service.stop)
        return service.app
    foundation = Foundation(conf)
    atexit.register(foundation.database.dispose)
    foundation.wait_for_database(threading.Event())
    bus = load_backend(conf)
    atexit.register(bus.close)
    components = Components(conf, bus, lambda: foundation)
    for part in components.beside_app():
        part.start()
        atexit.register(part.stop)
    return components.app()


application = _build()
