"""Actions that are run without a workflow."""

from concurrent.futures import Future

import pytest
from mistral_lib.actions import Result

from mistral.context import RequestContext
from mistral.db.models import action_executions
from mistral.db.repositories import Repositories
from mistral.engine.direct_actions import DirectActions
from mistral.exceptions import (
    DBEntityNotFoundError,
    InputException,
    InvalidActionException,
    InvalidStateTransitionException,
    RpcError,
)
from mistral.lang.parser import Parser
from mistral.services.definitions import DefinitionsService
from mistral.utils.futures import resolved

CALLER = RequestContext(project_id='mine')


class Executor:
    """Runs synchronous requests at once, keeps others."""

    def __init__(self):
        self.background = []
        self.targets = []
        self.refused = None
        self.error = None
        self.ends_later = None

    def run_actions(self, caller, requests):
        if self.error:
            raise self.error
        for request, target in requests:
            assert caller == request.caller
            self.background.append(request)
            self.targets.append(target)
        return {
            request.action_execution_id: self.refused for request, _ in requests if self.refused
        }

    def run_action_sync(self, request, target):
        assert request.action_execution_id is None
        self.targets.append(target)
        if self.ends_later is not None:
            return self.ends_later
        value = request.action.run(None)
        return resolved(value if isinstance(value, Result) else Result(data=value))


@pytest.fixture
def executor():
    return Executor()


@pytest.fixture
def actions(parts, executor):
    return DirectActions(parts, executor)


@pytest.fixture
def begin(actions):
    def begin(name='std.echo', input_=None, **options):
        defaults = {
            'description': '', 'namespace': '', 'save_result': False, 'run_sync': False,
            'timeout': None, 'target': None,
        }  # fmt: skip
        return actions.start(
            CALLER,
            name=name,
            input_={'output': 5} if input_ is None else input_,
            **{**defaults, **options},
        )

    return begin


@pytest.fixture
def start(begin):
    """Run an action, and see that the answer is there at once."""
    return lambda *args, **options: begin(*args, **options).result(0)


def test_nothing_is_stored_unless_asked_for(start, actions):
    row = start(target='there')
    assert (row['id'], row['state'], row['output']) == (None, 'SUCCESS', {'result': 5})


def test_failure_is_a_state(start):
    row = start('std.fail', {'error_data': 'broken'})
    assert (row['state'], row['output']) == ('ERROR', {'result': 'broken'})


def test_result_that_is_saved_comes_later(start, actions, executor):
    row = start(save_result=True, timeout=7, target='there')
    assert (row['state'], row['output'], row['project_id']) == ('RUNNING', None, 'mine')
    (request,) = executor.background
    assert (request.action_execution_id, request.timeout) == (row['id'], 7)
    assert request.execution_context == {
        'action_execution_id': row['id'],
        'callback_url': f'/v2/action_executions/{row["id"]}',
    }
    assert executor.targets == ['there']
    actions.complete(row['id'], Result(data=5))
    stored = actions._get(row['id'])
    assert (stored['state'], stored['output'], stored['accepted']) == (
        'SUCCESS', {'result': 5}, True,
    )  # fmt: skip


def test_result_that_is_saved_and_waited_for(start, actions):
    row = start(save_result=True, run_sync=True)
    assert (row['state'], row['output']) == ('SUCCESS', {'result': 5})
    assert actions._get(row['id'])['output'] == {'result': 5}


@pytest.mark.parametrize('save_result', [False, True])
def test_nobody_waits_in_the_place_of_whoever_asks(begin, executor, save_result):
    executor.ends_later = Future()
    answer = begin(run_sync=True, save_result=save_result)
    assert not answer.done()
    executor.ends_later.set_result(Result(data=7))
    assert answer.result(0)['output'] == {'result': 7}


def test_error_of_the_message_bus_is_the_answer(begin, executor):
    executor.ends_later = Future()
    answer = begin()
    executor.ends_later.set_exception(RpcError('no executor'))
    assert isinstance(answer.exception(0), RpcError)


def test_action_that_no_executor_can_get_has_failed(start, actions, executor):
    executor.refused = 'cannot be sent'
    stored = actions._get(start(save_result=True)['id'])
    assert (stored['state'], stored['output']) == ('ERROR', {'result': 'cannot be sent'})


def test_action_that_the_message_bus_does_not_take_has_failed(start, parts, executor):
    executor.error = RpcError('no bus')
    with pytest.raises(RpcError, match='no bus'):
        start(save_result=True)
    with parts.database.read() as connection:
        (stored,) = connection.execute(action_executions.select()).mappings()
    assert (stored['state'], stored['output']) == ('ERROR', {'result': 'no bus'})


def test_asynchronous_action_is_always_stored(start, actions):
    row = start('std.async_noop', {})
    assert row['state'] == 'RUNNING'
    actions.update(row['id'], 'PAUSED')
    assert actions._get(row['id'])['state'] == 'PAUSED'
    actions.update(row['id'], 'RUNNING')
    actions.complete(row['id'], Result('dropped', error='why', cancel=True))
    stored = actions._get(row['id'])
    assert (stored['state'], stored['output']) == ('CANCELLED', {'result': 'why'})


@pytest.mark.parametrize(
    ('arguments', 'error', 'message'),
    [
        ({'name': 'missing'}, InvalidActionException, 'Failed to find action'),
        ({'input_': {'wrong': 1}}, InputException, 'Invalid input'),
        (
            {'name': 'std.http', 'input_': {'url': 'http://x', 'json': 1, 'body': 2}},
            InputException,
            "Only one of the parameters 'json' and 'body'",
        ),
    ],
)
def test_bad_request(start, arguments, error, message):
    with pytest.raises(error, match=message):
        start(**arguments)


def test_asynchronous_action_cannot_be_waited_for(start):
    with pytest.raises(InputException, match='does not support synchronous execution'):
        start('std.async_noop', {}, run_sync=True)


class TestUnusableResult:
    """The output of an ad-hoc action cannot be made of what its base action gives."""

    ERROR = 'Failed to complete action [error=Can not evaluate YAQL expression [expression=$.b'

    @pytest.fixture(autouse=True)
    def picky(self, parts):
        service = DefinitionsService(parts.database, Repositories(), Parser(parts.expressions))
        text = "version: '2.0'\npicky: {base: std.noop, output: <% $.b.c %>}"
        service.create_actions(text, CALLER)

    def test_ends_a_stored_action(self, start, actions):
        id_ = start('picky', {}, save_result=True)['id']
        actions.complete(id_, Result(data={'a': 1}))
        stored = actions._get(id_)
        assert (stored['state'], stored['accepted']) == ('ERROR', False)
        assert stored['output']['result'].startswith(self.ERROR)

    def test_is_the_answer_to_whoever_waits(self, start, actions, executor):
        executor.ends_later = resolved(Result(data={'a': 1}))
        row = start('picky', {}, save_result=True, run_sync=True)
        assert row['state'] == 'ERROR'
        assert row['output']['result'].startswith(self.ERROR)
        assert actions._get(row['id'])['output'] == row['output']


def test_second_result_is_refused(start, actions):
    id_ = start(save_result=True)['id']
    actions.complete(id_, Result(data=1))
    with pytest.raises(InvalidStateTransitionException, match='already completed'):
        actions.complete(id_, Result(data=2))
    assert actions._get(id_)['output'] == {'result': 1}


def test_only_asynchronous_actions_can_be_paused(start, actions):
    id_ = start(save_result=True)['id']
    with pytest.raises(InvalidStateTransitionException, match='only supported for asynchronous'):
        actions.update(id_, 'PAUSED')


def test_ended_action_cannot_be_resumed(start, actions):
    id_ = start(save_result=True)['id']
    actions.complete(id_, Result(data=1))
    with pytest.raises(InvalidStateTransitionException, match='from SUCCESS to RUNNING'):
        actions.update(id_, 'RUNNING')


def test_action_that_ends_at_the_moment_cannot_be_paused(start, actions, monkeypatch):
    id_ = start('std.async_noop', {})['id']
    running = actions._get(id_)
    actions.complete(id_, Result(data=1))
    monkeypatch.setattr(actions, '_get', lambda _id: running)
    with pytest.raises(InvalidStateTransitionException, match='already completed'):
        actions.update(id_, 'PAUSED')


@pytest.mark.parametrize('method', ['complete', 'update'])
def test_unknown_action(actions, method):
    argument = Result(data=1) if method == 'complete' else 'RUNNING'
    with pytest.raises(DBEntityNotFoundError, match='ActionExecution not found'):
        getattr(actions, method)('unknown', argument)
