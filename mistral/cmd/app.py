"""The WSGI application of the REST API; most processes do without its framework."""

from typing import Any

from mistral.api.app import ApiServices, ApiSettings, create_app
from mistral.api.middleware import with_middleware
from mistral.auth import load_handler
from mistral.cmd.foundation import Foundation
from mistral.lang.parser import Parser
from mistral.policies import PolicyEnforcer
from mistral.rpc.clients import EngineClient
from mistral.services.definitions import DefinitionsService


def build_app(foundation: Foundation, engine: EngineClient) -> Any:
    conf = foundation.conf
    app = create_app(
        ApiServices(
            database=foundation.database,
            repositories=foundation.repositories,
            engine=engine,
            definitions=DefinitionsService(
                foundation.database,
                foundation.repositories,
                Parser(foundation.expressions, strict=conf.engine.strict_language),
            ),
            actions=foundation.catalog,
            policies=PolicyEnforcer(conf),
            settings=ApiSettings.from_config(conf),
            auth_handler=load_handler(conf),
            trusts=foundation.trusts,
        )
    )
    if foundation.profiler is not None:
        app = foundation.profiler.around_app(app)
    return with_middleware(app, conf, healthcheck=conf.healthcheck.enabled)
