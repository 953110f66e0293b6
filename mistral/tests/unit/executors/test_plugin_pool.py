"""Executor plugins behind the interface of a pool."""

import threading
from importlib.metadata import EntryPoint

import pytest
from mistral_lib import utils
from mistral_lib.actions import Action, Result

from mistral.actions.requests import ActionRequest
from mistral.context import RequestContext
from mistral.exceptions import ConfigurationError
from mistral.executors.base import Executor
from mistral.executors.plugin_pool import PluginPool, load_executor
from mistral.executors.worker_pool import PoolSettings
from mistral.tests.waiting import PATIENCE, wait_for


class Plain(Action):
    def run(self, context):
        return None


class Asynchronous(Plain):
    def is_sync(self):
        return False


class Plugin(Executor):
    """Returns what it is told to, and remembers what it was asked for."""

    def __init__(self, answer=None):
        self.answer = answer
        self.calls = []
        self.is_stopped = False

    def run_action(self, *arguments, **options):
        caller = utils.get_thread_local('MISTRAL_APP_CTX_THREAD_LOCAL')
        self.calls.append((arguments, options, caller.project_id))
        return self.answer() if callable(self.answer) else self.answer

    def stop(self):
        self.is_stopped = True


class Outcome:
    """What becomes of a request."""

    def __init__(self, pool):
        self.pool = pool
        self.done = threading.Event()
        self.results = []
        self.interrupted = False

    def deliver(self, result):
        self.results.append(result)
        self.done.set()

    def interrupt(self):
        self.interrupted = True

    def result(self):
        assert self.done.wait(PATIENCE)
        (result,) = self.results
        return result


@pytest.fixture
def submit():
    pools = []

    def submit(plugin, action=None, id_='id', **fields):
        pool = PluginPool(plugin, PoolSettings(size=2))
        pools.append(pool)
        pool.start()
        caller = RequestContext(project_id='mine')
        request = ActionRequest(action or Plain(), id_, 'acme.act', caller, **fields)
        outcome = Outcome(pool)
        pool.submit(request, outcome.deliver, outcome.interrupt)
        return outcome

    yield submit
    for pool in pools:
        pool.stop(0)


def test_the_plugin_gets_everything(submit):
    plugin, action = Plugin(Result('done')), Plain()
    submit(
        plugin,
        action,
        safe_rerun=True,
        execution_context={'workflow_name': 'wf'},
        redelivered=True,
        target='there',
        timeout=5,
    ).result()
    options = {'redelivered': True, 'target': 'there', 'async_': True, 'timeout': 5}
    assert plugin.calls == [((action, 'id', True, {'workflow_name': 'wf'}), options, 'mine')]


def test_what_is_not_stored_is_waited_for(submit):
    plugin = Plugin(Result('done'))
    assert submit(plugin, id_=None).result() == Result('done')
    assert plugin.calls[0][1]['async_'] is False


@pytest.mark.parametrize(
    ('answer', 'action', 'result'),
    [
        (Result('done'), Plain(), Result('done')),
        (Result(error='no'), Asynchronous(), Result(error='no')),
        (None, Asynchronous(), None),
        (Result({1, 2}), Plain(), Result([1, 2])),
    ],
)
def test_what_is_returned_is_the_result(submit, answer, action, result):
    assert submit(Plugin(answer), action).result() == result


def test_an_exception_fails_the_action(submit):
    def fail():
        raise SystemExit('no way')

    expected = "The action raised an exception [action=acme.act, action_ex_id=id, msg='no way']"
    assert submit(Plugin(fail)).result() == Result(error=expected)


def test_a_result_that_comes_later(submit):
    plugin = Plugin()
    outcome = submit(plugin)
    wait_for(lambda: plugin.calls, 'call')
    assert outcome.results == []
    plugin.report('id', Result('late'))
    assert outcome.result() == Result('late')
    # Nobody waits for these.
    plugin.report('id', Result('later'))
    plugin.report('other', Result('never asked for'))
    assert outcome.result() == Result('late')


def test_a_result_that_comes_before_the_call_returns(submit):
    def report_at_once():
        plugin.report('id', Result('early'))

    plugin = Plugin(report_at_once)
    assert submit(plugin).result() == Result('early')


def test_what_is_in_hand_at_the_end_is_interrupted(submit):
    plugin = Plugin()
    outcome = submit(plugin)
    wait_for(lambda: plugin.calls, 'call')
    outcome.pool.stop(0)
    assert outcome.interrupted
    assert plugin.is_stopped
    plugin.report('id', Result('too late'))
    assert outcome.results == []
    with pytest.raises(RuntimeError):
        outcome.pool.submit(ActionRequest(Plain(), 'b', 'b', RequestContext()), None, None)


def test_a_report_before_the_start():
    with pytest.raises(RuntimeError, match='has not been started'):
        Plugin().report('id', Result())


class TestLoading:
    def points(self, group):
        yield EntryPoint('good', f'{__name__}:Plugin', group)
        yield EntryPoint('wrong', 'threading:Event', group)

    def test_by_name(self):
        assert isinstance(load_executor('good', self.points), Plugin)

    def test_another_name(self):
        message = r'is not installed\. There are: good, local, remote, wrong'
        with pytest.raises(ConfigurationError, match=message):
            load_executor('missing', self.points)

    def test_another_class(self):
        with pytest.raises(ConfigurationError, match=r'no subclass of mistral\.executors\.base'):
            load_executor('wrong', self.points)
