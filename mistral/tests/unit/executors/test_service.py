import threading
from concurrent.futures import Future

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

    def make(size=4, reporter=reporter, claim=None, heartbeats=None):
        service = ExecutorService(WorkerPool(PoolSettings(size)), reporter, claim, heartbeats)
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
                return super().complete_action(request, result)

        reporter = Refusing()
        make_service(reporter=reporter).run_action(request(EchoAction('x')))
        assert reporter.next_result() == (
            'a1',
            Result(
                error='Failed to complete action due to a Mistral exception '
                '[action=my.action, action_ex_id=a1]\n too large'
            ),
        )

    @pytest.mark.parametrize('error', [MistralException('no'), RuntimeError('no')])
    def test_a_result_that_nobody_takes_is_let_go(self, make_service, error, caplog):
        class Refusing(Reporter):
            def complete_action(self, request, result):
                raise error

        service = make_service(reporter=Refusing())
        assert service.run_action(request(EchoAction('x'))).result(PATIENCE) is None
        assert 'Result of action a1 is lost' in caplog.text
        assert not service._in_hand


class TestOutcome:
    """What becomes of the future that stands for a request."""

    def test_done_when_the_result_is_durable(self, service, reporter):
        reporter.durable = Future()
        done = service.run_action(request(EchoAction('x')))
        assert reporter.next_result() == ('a1', Result('x'))
        assert not done.done()
        reporter.durable.set_result(None)
        assert done.result(PATIENCE) is None

    def test_done_when_the_result_comes_from_elsewhere(self, service, reporter):
        assert service.run_action(request(AsyncNoOpAction())).result(PATIENCE) is None
        assert reporter.results.empty()

    def test_same_request_in_hand_is_not_run_twice(self, service, reporter):
        running = Blocking()
        first = service.run_action(request(running))
        second = service.run_action(request(Calling(pytest.fail)))
        running.released.set()
        assert (first.result(PATIENCE), second.result(PATIENCE)) == (None, None)
        assert reporter.next_result() == ('a1', Result('done'))
        assert reporter.results.empty()

    def test_same_request_after_the_end_is_run(self, service, reporter):
        for _ in range(2):
            service.run_action(request(EchoAction('x'))).result(PATIENCE)
        assert [reporter.next_result() for _ in range(2)] == [('a1', Result('x'))] * 2


class Claims:
    """Keeps the wishes of an executor until a test answers them."""

    def __init__(self):
        self.wishes = []

    def __call__(self, request, answer):
        self.wishes.append((request, answer))


class TestClaim:
    @pytest.fixture
    def claims(self):
        return Claims()

    @pytest.fixture
    def claiming(self, make_service, claims):
        return make_service(claim=claims)

    @pytest.mark.parametrize(
        ('action', 'is_asked_for'),
        [
            (EchoAction('x'), False),
            (Calling(lambda context: 'x'), True),
            (AsyncNoOpAction(), True),
        ],
        ids=['no effects', 'may do harm', 'result comes from elsewhere'],
    )
    @pytest.mark.parametrize('safe_rerun', [False, True])
    def test_who_is_asked(self, claiming, claims, action, is_asked_for, safe_rerun):
        sent = request(action, safe_rerun=safe_rerun)
        claiming.run_action(sent)
        assert [wish for wish, _ in claims.wishes] == ([sent] if is_asked_for else [])

    def test_action_starts_when_it_is_granted(self, claiming, claims, reporter):
        action = Blocking()
        claiming.run_action(request(action))
        ((_, answer),) = claims.wishes
        assert not action.started.is_set()
        answer(True)
        action.released.set()
        assert reporter.next_result() == ('a1', Result('done'))

    def test_action_in_other_hands_is_let_go(self, claiming, claims, reporter):
        done = claiming.run_action(request(Calling(pytest.fail)))
        claims.wishes[0][1](False)
        assert done.result(0) is None
        assert reporter.results.empty()

    def test_action_is_given_back_if_nobody_has_answered(self, claiming, claims, reporter):
        done = claiming.run_action(request(Calling(pytest.fail)))
        claims.wishes[0][1](None)
        assert done.cancelled()
        assert reporter.results.empty()

    def test_same_request_is_claimed_once(self, claiming, claims):
        futures = [claiming.run_action(request(Calling(pytest.fail))) for _ in range(2)]
        assert len(claims.wishes) == 1
        claims.wishes[0][1](False)
        assert [future.result(0) for future in futures] == [None, None]

    def test_answer_after_the_end_of_an_action_that_may_do_harm(self, claiming, claims, reporter):
        """It was granted, so nobody else will start it."""
        done = claiming.run_action(request(Calling(pytest.fail)))
        claiming.stop(0)
        claims.wishes[0][1](True)
        assert done.result(0) is None
        assert reporter.next_result() == ('a1', Result(error=STOPPED.format('a1')))

    def test_answer_after_the_end_of_an_action_that_may_run_twice(self, claiming, claims, reporter):
        done = claiming.run_action(request(Calling(pytest.fail), safe_rerun=True))
        claiming.stop(0)
        claims.wishes[0][1](True)
        assert done.cancelled()
        assert reporter.results.empty()


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
        assert service.run_action_sync(request(action, None)).result(PATIENCE) == result
        assert reporter.results.empty()

    def test_returns_a_timeout(self, service):
        stuck = Blocking()
        result = service.run_action_sync(request(stuck, None, timeout=0.01)).result(PATIENCE)
        assert 'Timeout after 0.01 seconds' in result.error
        stuck.released.set()

    def test_returns_when_the_service_is_stopped(self, service):
        stuck = Blocking()
        future = service.run_action_sync(request(stuck, safe_rerun=True))
        assert stuck.started.wait(PATIENCE)
        service.stop(0)
        assert future.result(0) == Result(error=STOPPED.format('a1'))
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
    def test_what_may_run_twice_is_given_back(self, make_service, reporter, fields):
        service, running = make_service(size=1), Blocking()
        service.run_action(request(running, 'running'))
        again = service.run_action(request(**{'action': Blocking(), 'id': 'again', **fields}))
        assert running.started.wait(PATIENCE)
        service.stop(0)
        assert reporter.next_result()[0] == 'running'
        assert again.cancelled()
        assert reporter.results.empty()
        running.released.set()

    def test_nothing_is_accepted_any_more(self, service):
        service.stop(0)
        for _ in range(2):
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

    def test_are_sent_for_actions_that_are_not_granted_yet(
        self, make_service, reporter, heartbeats
    ):
        claims = Claims()
        service = make_service(claim=claims, heartbeats=heartbeats)
        service.run_action(request(Calling(pytest.fail), 'waiting'))
        assert reporter.next_beat() == ['waiting']
        claims.wishes[0][1](False)
        assert heartbeats._ids == set()

    def test_are_not_sent_for_actions_that_are_not_accepted(self, service, make_service, reporter):
        heartbeats = HeartbeatSender(HeartbeatSettings(), reporter.report_running)
        service = make_service(heartbeats=heartbeats)
        service.stop(0)
        with pytest.raises(RuntimeError):
            service.run_action(request(EchoAction('x')))
        assert heartbeats._ids == set()

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
