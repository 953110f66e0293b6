"""The whole service in this process, with authentication: the token is the name of the project."""

import dataclasses
from collections.abc import Iterator
from json import dumps as dump_json
from pathlib import Path
from string import Template
from typing import Any

import pytest
import webtest
from oslo_config import cfg

from mistral import config
from mistral.api.app import ApiServices, create_app
from mistral.cmd import app
from mistral.cmd.embedded import EmbeddedService
from mistral.policies import PolicyEnforcer
from mistral.tests.unit.api.access.objects import Objects
from mistral.tests.unit.api.access.table import Row
from mistral.tests.unit.api.conftest import contract_of
from mistral.tests.unit.api.test_authentication import TokenIsProject

OPTIONS = """
[pecan]
auth_enable = True
[api]
allow_action_execution_deletion = True
[database]
connection = sqlite:///{home}/mistral.sqlite
[oslo_policy]
policy_file = {home}/policy.yaml
"""


class Access:
    """Sends requests in the name of projects. Answers have to be those that are described."""

    def __init__(self, services: ApiServices) -> None:
        self._services = services
        self._client = webtest.TestApp(create_app(services))
        self._contract = contract_of(services)

    def with_policies(self, home: Path, policies: str) -> 'Access':
        """The same service under other access rules, given as an operator writes them."""
        (home / 'policy.yaml').write_text(policies)
        conf = load_config(home)
        return Access(dataclasses.replace(self._services, policies=PolicyEnforcer(conf)))

    def request(
        self,
        project: str | None,
        method: str,
        path: str,
        *,
        json: Any = None,
        text: str | None = None,
    ) -> webtest.TestResponse:
        headers = {'Content-Type': 'text/plain' if json is None else 'application/json'}
        if project is not None:
            headers['X-Auth-Token'] = project
        body = text or ''
        if json is not None:
            body = dump_json(json)
        answer = self._client.request(
            path, method=method, headers=headers, body=body.encode(), expect_errors=True
        )
        self._contract.check(method, path, answer)
        return answer

    def ask(self, project: str | None, row: Row, objects: Any) -> webtest.TestResponse:
        """Send the request of a row of the table."""

        def fill(value: Any) -> Any:
            if isinstance(value, dict):
                return {name: fill(each) for name, each in value.items()}
            return Template(value).substitute(objects) if isinstance(value, str) else value

        return self.request(
            project, row.method, fill(row.path), json=fill(row.json), text=fill(row.text)
        )


def load_config(home: Path) -> cfg.ConfigOpts:
    path = home / 'mistral.conf'
    path.write_text(OPTIONS.format(home=home))
    return config.load(['--config-file', str(path)], 'mistral', conf=cfg.ConfigOpts())


@pytest.fixture(scope='session')
def access(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Access]:
    services: list[ApiServices] = []

    def keep_services(made: ApiServices) -> Any:
        services.append(made)
        return create_app(made)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, 'load_handler', lambda *_, **__: TokenIsProject())
        patch.setattr(app, 'create_app', keep_services)
        service = EmbeddedService(load_config(tmp_path_factory.mktemp('service')))
    service.start(serve_http=False)
    yield Access(services[0])
    service.stop()


@pytest.fixture
def objects(access: Access) -> Objects:
    return Objects(access.request)
