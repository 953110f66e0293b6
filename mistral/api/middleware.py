"""WSGI middleware around the application: CORS, health check, headers of proxies."""

from collections.abc import Iterable
from typing import Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from oslo_config import cfg
from oslo_middleware import cors
from oslo_middleware.healthcheck import Healthcheck
from oslo_middleware.http_proxy_to_wsgi import HTTPProxyToWSGI

HEALTHCHECK_PATH: Final = '/healthcheck'


def with_middleware(
    app: WSGIApplication, conf: cfg.ConfigOpts, *, healthcheck: bool = False
) -> WSGIApplication:
    """Wrap the application, from inside out: proxy headers, health check, CORS.

    A layer that the configuration leaves idle is left out: requests pay for what they use.
    """
    # The layers register their options when they are made.
    with_proxy_headers = HTTPProxyToWSGI(app, conf)
    if conf.oslo_middleware.enable_proxy_headers_parsing:
        app = with_proxy_headers
    if healthcheck:
        app = _at_path(HEALTHCHECK_PATH, Healthcheck(None, conf), otherwise=app)
    with_cors = cors.CORS(app, conf)
    return with_cors if conf.cors.allowed_origin else _answer_options(app)


def _at_path(path: str, app: WSGIApplication, *, otherwise: WSGIApplication) -> WSGIApplication:
    def dispatch(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        chosen = app if environ.get('PATH_INFO') == path else otherwise
        return chosen(environ, start_response)

    return dispatch


def _answer_options(app: WSGIApplication) -> WSGIApplication:
    """Without CORS an OPTIONS request gets a plain 200, which grants a browser nothing."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ['REQUEST_METHOD'] != 'OPTIONS':
            return app(environ, start_response)
        start_response('200 OK', [('Content-Length', '0')])
        return []

    return answer
