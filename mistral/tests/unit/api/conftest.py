"""The API over a SQLite database, with an engine that only writes down what it is asked."""

import dataclasses
import uuid
from json import dumps as dump_json
from typing import Any

import pytest
import webtest
from mistral_lib.actions.providers.base import ActionDescriptorBase
from oslo_config import cfg

from mistral.api.app import ApiServices, ApiSettings, create_app
from mistral.context import DEFAULT_PROJECT, RequestContext
from mistral.db.query import Filter, ListQuery
from mistral.db.repositories import Repositories
from mistral.lang.parser import Parser
from mistral.policies import PolicyEnforcer
from mistral.services.definitions import DefinitionsService
from mistral.tests.unit.api.contract import Contract

CALLER = RequestContext(project_id=DEFAULT_PROJECT)
ADMIN = {'X-Roles': 'admin'}


class RecordingEngine:
    """Writes down calls as (method, arguments); `answers` and `errors` are by method."""

    def __init__(self):
        self.calls = []
        self.answers = {}
        self.errors = {}

    def __getattr__(self, method):
        def record(_caller, *args, **kwargs):
            self.calls.append((method, *args, kwargs) if kwargs else (method, *args))
            if method in self.errors:
                raise self.errors[method]
            return self.answers.get(method)

        return record


class InstalledAction(ActionDescriptorBase):
    def instantiate(self, input_dict, wf_ctx):
        raise NotImplementedError


class FewActions:
    """A catalogue of two installed actions and the stored ad-hoc ones."""

    installed = (
        InstalledAction('std.echo', 'Echoes.', 'output, delay=0'),
        InstalledAction('std.noop', 'Does nothing.', ''),
    )

    def __init__(self, database, repositories):
        self._database = database
        self._repository = repositories.actions

    def find(self, name, namespace='', caller=CALLER):
        for candidate in (namespace, ''):
            with self._database.read() as conn:
                row = self._repository.find(conn, caller, name=name, namespace=candidate)
            if row is not None:
                return StoredAction(row)
        return next((each for each in self.installed if each.name == name), None)

    def find_all(self, namespace=None, caller=CALLER):
        filters = () if namespace is None else (Filter('namespace', 'eq', namespace),)
        with self._database.read() as conn:
            rows = self._repository.list(conn, ListQuery(filters=filters), caller)
        yield from map(StoredAction, rows)
        yield from self.installed


class StoredAction:
    """An ad-hoc action as a descriptor: its columns are its attributes."""

    def __init__(self, row):
        self.__dict__.update(row, params_spec=row['input'])


class AnyExpression:
    """Takes every expression for valid."""

    def is_expression(self, text):
        return '<%' in text

    def validate(self, text):
        return None


_contracts = {}


def contract_of(services):
    """Making one takes a while, and only authentication makes a difference."""
    key = services.settings.auth_enable
    if key not in _contracts:
        _contracts[key] = Contract(services)
    return _contracts[key]


class Api:
    """The application as its clients see it; requests may end in any status.

    Every answer has to be one that the OpenAPI document describes.
    """

    def __init__(self, services):
        self.services = services
        self.engine = services.engine
        self.database = services.database
        self._client = webtest.TestApp(create_app(services))

    def request(self, method, path, *, status=None, text=None, json=None, headers=None):
        headers = dict(headers or {})
        body = b''
        if json is not None:
            body, headers['Content-Type'] = dump_json(json).encode(), 'application/json'
        if text is not None:
            body = text if isinstance(text, bytes) else text.encode()
            headers.setdefault('Content-Type', 'text/plain')
        answer = self._client.request(
            path, method=method, body=body, headers=headers, expect_errors=True
        )
        assert status is None or answer.status_int == status, answer.text
        contract_of(self.services).check(method, path, answer)
        return answer

    def get(self, path, status=200, **options):
        return self.request('GET', path, status=status, **options).json

    def fault(self, method, path, status, **options):
        return self.request(method, path, status=status, **options).json['faultstring']

    def insert(self, repository, project_id=DEFAULT_PROJECT, **values):
        """Store a row as if it had been there before."""
        values = {'id': str(uuid.uuid4()), **values}
        caller = RequestContext(project_id=project_id)
        with self.database.transaction() as conn:
            return getattr(self.services.repositories, repository).insert(conn, values, caller)

    def row(self, repository, id):
        with self.database.read() as conn:
            return getattr(self.services.repositories, repository).get(conn, id, CALLER)


@pytest.fixture(scope='session')
def policies():
    conf = cfg.ConfigOpts()
    conf([])
    return PolicyEnforcer(conf)


@pytest.fixture
def make_api(database, policies):
    """Makes the API with settings of its own: `make_api(max_limit=2)`."""
    repositories = Repositories()
    engine: Any = RecordingEngine()
    actions: Any = FewActions(database, repositories)
    services = ApiServices(
        database=database,
        repositories=repositories,
        engine=engine,
        definitions=DefinitionsService(database, repositories, Parser(AnyExpression())),
        actions=actions,
        policies=policies,
        settings=ApiSettings(),
    )

    def make(auth_handler=None, **settings):
        changed = dataclasses.replace(services.settings, **settings)
        return Api(dataclasses.replace(services, settings=changed, auth_handler=auth_handler))

    return make


@pytest.fixture
def api(make_api):
    return make_api()
