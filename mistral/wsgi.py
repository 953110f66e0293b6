"""The WSGI entry: `mistral.wsgi:application` serves the REST API under any WSGI server.

The configuration comes from the search path and the environment, as for `mistral-server` without
arguments. Until components can run in separate processes, the whole service runs behind it, so the
WSGI server must be given one process.
"""

from mistral.cmd import settings
from mistral.cmd.service import Service


def _build() -> Service:
    service = Service(settings.load([], 'mistral'))
    service.start(serve_http=False)
    return service


application = _build().app
