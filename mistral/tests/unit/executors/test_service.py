import threading

import pytest
from mistral_lib.actions import Result

from mistral.actions.std_actions import AsyncNoOpAction, EchoAction, FailAction
from mistral.exceptions import MistralException
from mistral.executors.heartbeats import HeartbeatSender, HeartbeatSettings
from mistral.executors.service import ExecutorService
from mistral.executors.worker_pool import PoolSettings, WorkerPool
from mistral.tests.unit.executors.doubles import PATIENCE, Blocking, Calling, Reporter, request

STOPPED = (
    'The action raised an exception [action=my.action, action_ex_id={}, '
    "msg='The executor was stopped before the action ended']"
)


@pytest.fixture
def reporter():
    return Reporter()


@pytest.fixture
def make_service(reporter):
    services = []

    def make(size=4, reporter=reporter, heartbeats=None):
        service = ExecutorService(WorkerPool(PoolSettings(size)), reporter, heartbeats)
        services.append(service)
        service.start()
        return service

    yield make
    for service in services:
        service.stop(0)


@pytest.fixture
def service(make_service):
    return make_service()


class TestRunAction:
    def test_reports_the_result(self, service, reporter):
        service.run_action(request(EchoAction('x')))
        assert reporter.next_result() == ('a1', Result('x'))

    def test_reports_a_failure(self, service, reporter):
        service.run_action(request(FailAction({'code': 1})))
        assert reporter.next_result() == ('a1', Result(error={'code': 1}))

    def test_reports_a_timeout(self, service, reporter):
        stuck = Blocking()
        service.run_action(request(stuck, timeout=0.01))
        assert 'Timeout after 0.01 seconds' in reporter.next_result()[1].error
        stuck.released.set()

    def test_reports_no_success_of_an_asynchronous_action(self, make_service, reporter):
        service = make_service(size=1)
        service.run_action(request(AsyncNoOpAction(), 'a1'))
        service.run_action(request(EchoAction('x'), 'a2'))
        assert reporter.next_result() == ('a2', Result('x'))

    def test_reports_the_failure_of_an_asynchronous_action(self, service, reporter):
        service.run_action(request(Calling(lambda context: Result(error='no'), is_sync=False)))
        assert reporter.next_result() == ('a1', Result(error='no'))

    def test_needs_an_id(self, service):
        with pytest.raises(ValueError, match='an action with an id'):
            service.run_action(request(EchoAction('x'), None))

    def test_a_result_that_is_refused_becomes_an_error(self, make_service):
        class Refusing(Reporter):
            def complete_action(self, request, result):
                if result.is_success():
                    raise MistralException('too large')
                super().complete_action(request, result)

        reporter = Refusing()
        make_service(reporter=reporter).run_action(request(EchoAction('x')))
        assert reporter.next_result() == (
            'a1',
            Result(
                error='Failed to complete action due to a Mistral exception '
                '[action=my.action, action_ex_id=a1]\n too large'
            ),
        )


class TestRedelivery:
    def test_an_unsafe_action_is_not_run_again(self, service, reporter):
        service.run_action(request(Calling(pytest.fail), redelivered=True))
        assert reporter.next_result() == (
            'a1',
            Result(
                error='Request to run an action was redelivered, but it cannot be re-run safely. '
                'The only safe thing to do is fail it [action=my.action].'
            ),
        )

    def test_a_safe_one_is(self, service, reporter):
        service.run_action(request(EchoAction('x'), redelivered=True, safe_rerun=True))
        assert reporter.next_result() == ('a1', Result('x'))


class TestRunActionSync:
    @pytest.mark.parametrize(
        ('action', 'result'),
        [
            (EchoAction('x'), Result('x')),
            (FailAction('no'), Result(error='no')),
            (AsyncNoOpAction(), Result()),
        ],
    )
    def test_returns_the_result(self, service, reporter, action, result):
        assert service.run_action_sync(request(action, None)) == result
        assert reporter.results.empty()

    def test_returns_a_timeout(self, service):
        stuck = Blocking()
        result = service.run_action_sync(request(stuck, None, timeout=0.01))
        assert 'Timeout after 0.01 seconds' in result.error
        stuck.released.set()

    def test_returns_when_the_service_is_stopped(self, service):
        stuck, results = Blocking(), []
        caller = threading.Thread(
            target=lambda: results.append(service.run_action_sync(request(stuck, safe_rerun=True)))
        )
        caller.start()
        assert stuck.started.wait(PATIENCE)
        service.stop(0)
        caller.join(PATIENCE)
        assert results == [Result(error=STOPPED.format('a1'))]
        stuck.released.set()


class TestStop:
    def test_what_does_not_end_is_reported(self, make_service, reporter):
        service, running = make_service(size=1), Blocking()
        service.run_action(request(running, 'running'))
        service.run_action(request(Blocking(), 'waiting'))
        assert running.started.wait(PATIENCE)
        service.stop(0)
        assert [reporter.next_result(), reporter.next_result()] == [
            (name, Result(error=STOPPED.format(name))) for name in ('running', 'waiting')
        ]
        running.released.set()

    @pytest.mark.parametrize('fields', [{'safe_rerun': True}, {'action': EchoAction('repeatable')}])
    def test_what_may_run_twice_is_left_to_the_engine(self, make_service, reporter, fields):
        service, running = make_service(size=1), Blocking()
        service.run_action(request(running, 'running'))
        service.run_action(request(**{'action': Blocking(), 'id': 'again', **fields}))
        assert running.started.wait(PATIENCE)
        service.stop(0)
        assert reporter.next_result()[0] == 'running'
        assert reporter.results.empty()
        running.released.set()

    def test_nothing_is_accepted_any_more(self, service):
        service.stop(0)
        with pytest.raises(RuntimeError):
            service.run_action(request(EchoAction('x')))


class TestHeartbeats:
    @pytest.fixture
    def heartbeats(self, reporter):
        settings = HeartbeatSettings(interval=0.01, first_delay=0)
        return HeartbeatSender(settings, reporter.report_running)

    def test_are_sent_for_actions_that_run_and_that_wait(self, make_service, reporter, heartbeats):
        service, running = make_service(size=1, heartbeats=heartbeats), Blocking()
        service.run_action(request(running, 'running'))
        service.run_action(request(EchoAction('x'), 'waiting'))
        while reporter.next_beat() != ['running', 'waiting']:
            pass  # the first beat may have come between the two
        running.released.set()

    def test_are_not_sent_for_actions_that_have_ended(self, make_service, reporter, heartbeats):
        service, running = make_service(heartbeats=heartbeats), Blocking()
        service.run_action(request(EchoAction('x'), 'ended'))
        assert reporter.next_result() == ('ended', Result('x'))
        service.run_action(request(running, 'running'))
        while reporter.next_beat() != ['running']:
            pass  # on their way
        running.released.set()

    def test_end_after_the_last_action(self, make_service, reporter, heartbeats):
        service, running = make_service(heartbeats=heartbeats), Blocking()
        service.run_action(request(running))
        assert reporter.next_beat() == ['a1']
        stopper = threading.Thread(target=service.stop, args=(PATIENCE,))
        stopper.start()
        assert reporter.next_beat() == ['a1']
        running.released.set()
        stopper.join(PATIENCE)
        assert reporter.next_result() == ('a1', Result('done'))
        assert not heartbeats._thread.is_alive()
