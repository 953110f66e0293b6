"""Actions run as the caller of their workflow, however long that takes and whoever dies."""

import queue
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from mistral_lib.actions import Result
from sqlalchemy import delete, select

from mistral.auth.sealing import Sealer
from mistral.context import RequestContext
from mistral.db.models import execution_callers, workflow_executions
from mistral.db.store import callers as store
from mistral.engine.callers import Callers
from mistral.engine.engine import Engine, EngineSettings
from mistral.exceptions import UnavailableException
from mistral.tests.waiting import wait_for
from mistral.workflow.model import CALLER

PATIENCE = 10

WORKFLOWS = """
steps:
  tasks:
    a: {action: std.http url="http://example.com/1", on-success: b}
    b: {action: std.http url="http://example.com/2"}
parent:
  tasks:
    down: {workflow: steps}
"""


def caller(token, project_id='<default-project>', **security):
    return RequestContext(
        project_id=project_id,
        user_id='u',
        roles=('member',),
        security={'auth_token': token, 'is_trust_scoped': False, **security},
    )


def in_(**delta):
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()


def root(id_):
    """What is needed of a root execution whose caller has been stored."""
    context = {CALLER: {}}
    project = RequestContext().project_id
    return SimpleNamespace(id=id_, root_execution_id=None, project_id=project, context=context)


class Executor:
    """Keeps requests until a test looks at them."""

    def __init__(self):
        self.requests = queue.Queue()

    def run_actions(self, caller, requests):
        for request, _target in requests:
            assert request.caller == caller
            self.requests.put(request)
        return {}

    def run_action_sync(self, request, target):
        raise NotImplementedError

    def next(self):
        return self.requests.get(timeout=PATIENCE)


class Notifier:
    def notify(self, effects):
        pass


@pytest.fixture(autouse=True)
def _workflows(bench):
    bench.define(WORKFLOWS)


@pytest.fixture
def executor():
    return Executor()


@pytest.fixture
def make(parts, executor):
    """Starts an engine; others on the same database were there before."""
    made = []

    def make(renew=None, pass_phrase='one'):
        callers = Callers(parts.database, Sealer([pass_phrase]), renew)
        engine = Engine(parts, EngineSettings(), executor, Notifier(), callers=callers)
        engine.start()
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.stop()


@pytest.fixture
def stored(bench):
    def stored():
        with bench.database.read() as connection:
            query = select(execution_callers.c.execution_id, execution_callers.c.content)
            return {row.execution_id: row.content for row in connection.execute(query)}

    return stored


def start(engine, caller, name='steps'):
    return engine.service.start_workflow(caller, workflow_identifier=name)['id']


@pytest.mark.parametrize('workflow', ['steps', 'parent'])
def test_caller_goes_with_all_actions_of_the_tree(make, executor, bench, stored, workflow):
    engine = make()
    alice = caller('secret')
    id_ = start(engine, alice, workflow)
    first = executor.next()
    engine.report_result(first, Result())
    second = executor.next()
    assert first.caller == second.caller == alice
    assert list(stored()) == [id_]
    assert 'secret' not in str(stored())

    engine.report_result(second, Result())
    wait_for(lambda: bench.state(id_) == 'SUCCESS', 'end', PATIENCE)
    assert stored() == {}


def test_nothing_is_stored_of_callers_without_secrets(make, executor, stored):
    start(make(), RequestContext())
    assert executor.next().caller == RequestContext()
    assert stored() == {}


def test_another_engine_reads_what_is_stored(make, executor):
    first = make()
    start(first, caller('secret'))
    request = executor.next()
    first.stop()
    make().report_result(request, Result())
    assert executor.next().caller == caller('secret')


def test_engine_with_another_key_goes_on_without_the_token(make, executor, caplog):
    first = make()
    start(first, caller('secret'))
    request = executor.next()
    first.stop()
    make(pass_phrase='two').report_result(request, Result())
    assert executor.next().caller == RequestContext()
    assert '[credentials] encryption_keys' in caplog.text


class TestRepetition:
    """Who repeats a task or resumes an execution brings his own token."""

    @pytest.fixture
    def repeat(self, make, executor, bench):
        """Lets a task fail and be repeated; gives the next request."""

        def repeat(second, workflow='steps'):
            engine = make()
            id_ = start(engine, caller('old'), workflow)
            request = executor.next()
            engine.report_result(request, Result(error='wrong'))
            wait_for(lambda: bench.state(id_) == 'ERROR', 'error', PATIENCE)
            task_id = request.execution_context['task_execution_id']
            engine.service.rerun_task(second, task_execution_id=task_id)
            return executor.next()

        return repeat

    @pytest.mark.parametrize('workflow', ['steps', 'parent'])
    def test_of_the_same_project(self, repeat, workflow):
        second = replace(caller('new'), user_id='another')
        assert repeat(second, workflow).caller == second

    def test_of_another_project(self, repeat):
        """An administrator does not lend his token to the workflows of others."""
        admin = replace(caller('of the admin', 'admins'), is_admin=True)
        assert repeat(admin).caller == RequestContext()

    def test_resumed(self, make, executor):
        engine = make()
        id_ = start(engine, caller('old'))
        request = executor.next()
        engine.service.pause_workflow(caller('old'), execution_id=id_)
        engine.report_result(request, Result())
        engine.service.resume_workflow(caller('new'), execution_id=id_)
        assert executor.next().caller == caller('new')

    def test_of_another_engine(self, make, executor):
        """One that has the old token in memory looks again when that has expired."""
        one, two = make(), make()
        id_ = start(one, caller('old', expires_at=in_(seconds=-1)))
        request = executor.next()
        two.service.pause_workflow(caller('x'), execution_id=id_)
        two.service.resume_workflow(caller('new', expires_at=in_(hours=1)), execution_id=id_)
        one.report_result(request, Result())
        assert executor.next().caller.security['auth_token'] == 'new'


class TestRenewal:
    """Tokens of trusts are renewed, others end."""

    def second_request(self, make, executor, first, renew):
        engine = make(renew)
        start(engine, first)
        engine.report_result(executor.next(), Result())
        return executor.next()

    @pytest.mark.parametrize(
        ('hours_left', 'is_trust_scoped', 'token'),
        [(-1, True, 'new'), (1, True, 'old'), (None, True, 'old'), (-1, False, 'old')],
    )
    def test_of_a_token(self, make, executor, hours_left, is_trust_scoped, token):
        expires_at = None if hours_left is None else in_(hours=hours_left)

        def renew(caller):
            security = {**caller.security, 'auth_token': 'new', 'expires_at': in_(hours=1)}
            return replace(caller, security=security)

        first = caller('old', expires_at=expires_at, is_trust_scoped=is_trust_scoped)
        request = self.second_request(make, executor, first, renew)
        assert request.caller.security['auth_token'] == token

    def test_that_fails(self, make, executor, caplog):
        def renew(caller):
            raise UnavailableException('Keystone is away')

        first = caller('old', expires_at=in_(hours=-1), is_trust_scoped=True)
        request = self.second_request(make, executor, first, renew)
        assert request.caller.security['auth_token'] == 'old'
        assert 'cannot be renewed: Keystone is away' in caplog.text


def test_caller_goes_with_the_execution(make, executor, bench, stored):
    id_ = start(make(), caller('secret'))
    executor.next()
    with bench.database.transaction() as connection:
        connection.execute(delete(workflow_executions).where(workflow_executions.c.id == id_))
    assert stored() == {}


def test_a_token_replaced_while_it_is_read_is_not_remembered(make, executor, parts, monkeypatch):
    id_ = start(make(), caller('old'))
    assert executor.next().caller == caller('old')
    callers = Callers(parts.database, Sealer(['one']))
    execution = root(id_)
    new = callers.to_store(caller('new'))
    assert new is not None

    def read_before_the_change(connection, root_id):
        content = original(connection, root_id)
        monkeypatch.undo()
        with parts.database.transaction() as connection:
            store.replace(connection, root_id, new)
        callers.forget(root_id)
        return content

    original = store.get
    monkeypatch.setattr(store, 'get', read_before_the_change)
    assert callers.of(execution) == caller('old')
    assert callers.of(execution) == caller('new')


def test_a_reading_that_fails_leaves_nothing_behind(parts, monkeypatch):
    def fail(connection, root_id):
        raise UnavailableException

    callers = Callers(parts.database, Sealer(['one']))
    execution = root('e')
    with monkeypatch.context() as patch:
        patch.setattr(store, 'get', fail)
        with pytest.raises(UnavailableException):
            callers.of(execution)
    assert not callers._readings
    assert callers.of(execution) == RequestContext()
    assert not callers._readings
