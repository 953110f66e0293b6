"""The link of an executor to the engines: how claims and results find one."""

import queue
import threading

import pytest
from mistral_lib.actions import Result

from mistral.actions.std_actions import EchoAction
from mistral.exceptions import MistralException, RpcError, RpcTimeoutError, UnavailableException
from mistral.executors import remote
from mistral.executors.remote import EngineLink
from mistral.tests.unit.executors.doubles import PATIENCE, request


class Engines:
    """Stands for the client: each call is answered by `answers`, one after the other, else well.

    A call is held back as long as `open` is not set. `broken` gives what is raised whenever these
    results, by their ids, or claims are among those of a call.
    """

    def __init__(self):
        self.calls = queue.Queue()
        self.answers = []
        self.broken = {}
        self.open = threading.Event()
        self.open.set()

    def report_results(self, results, engine):
        sent = [(request.action_execution_id, result.data) for request, result in results]
        return self._answer((engine, sent), [], [id_ for id_, _ in sent])

    def claim_actions(self, executor, requests):
        ids = [request.action_execution_id for request in requests]
        return self._answer((executor, ids), ids, ids)

    def report_running(self, executor, ids):
        self._answer((executor, ids), None, ids)

    def _answer(self, call, usual, ids):
        self.calls.put(call)
        assert self.open.wait(PATIENCE)
        for id_ in ids:
            if id_ in self.broken:
                raise self.broken[id_]
        answer = self.answers.pop(0) if self.answers else usual
        if isinstance(answer, Exception):
            raise answer
        return answer

    def next(self):
        return self.calls.get(timeout=PATIENCE)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(remote, '_FIRST_WAIT', 0)


@pytest.fixture
def engines():
    return Engines()


@pytest.fixture
def link(engines, monkeypatch):
    monkeypatch.setattr(remote, '_REPORTERS', 1)
    link = EngineLink(engines, 'me')
    link.start()
    yield link
    engines.open.set()
    link.stop()


def report(link, id_, engine=None):
    return link.complete_action(request(EchoAction('x'), id_, engine=engine), Result(id_))


class TestResults:
    @pytest.mark.parametrize('engine', [None, 'engine-1'])
    def test_go_to_the_engine_that_has_the_execution(self, link, engines, engine):
        assert report(link, 'a', engine).result(PATIENCE) is None
        assert engines.next() == (engine, [('a', 'a')])
        assert engines.calls.empty()

    @pytest.mark.parametrize(
        'error', [RpcTimeoutError(), RpcError(), UnavailableException(), MistralException()]
    )
    def test_go_to_any_if_that_one_does_not_take_them(self, link, engines, error):
        engines.answers = [error]
        assert report(link, 'a', 'engine-1').result(PATIENCE) is None
        assert [engines.next(), engines.next()] == [
            (name, [('a', 'a')]) for name in ('engine-1', None)
        ]

    def test_are_kept_until_an_engine_takes_them(self, link, engines):
        engines.answers = [RpcError(), UnavailableException(), RpcTimeoutError(), []]
        assert report(link, 'a').result(PATIENCE) is None
        assert [engines.next() for _ in range(4)] == [(None, [('a', 'a')])] * 4

    def test_are_not_done_before_they_are_durable(self, link, engines):
        engines.open.clear()
        done = report(link, 'a')
        engines.next()
        assert not done.done()
        engines.open.set()
        assert done.result(PATIENCE) is None

    def test_go_together_when_they_come_while_others_are_on_their_way(self, link, engines):
        engines.open.clear()
        report(link, 'first')
        engines.next()
        for id_, engine in (('a', 'one'), ('b', 'two'), ('c', 'one')):
            report(link, id_, engine)
        engines.open.set()
        assert [engines.next() for _ in range(2)] == [
            ('one', [('a', 'a'), ('c', 'c')]),
            ('two', [('b', 'b')]),
        ]

    @pytest.fixture
    def batch(self, link, engines):
        """Reports results in one call; gives their futures."""

        def batch(*ids):
            engines.open.clear()
            report(link, 'first')
            engines.next()
            futures = [report(link, id_) for id_ in ids]
            engines.open.set()
            return futures

        return batch

    @pytest.mark.parametrize(
        'error', [RpcTimeoutError(), UnavailableException(), MistralException(), TypeError()]
    )
    def test_keep_no_others_back(self, batch, engines, error):
        engines.broken = {'b': error}
        a, _, c = batch('a', 'b', 'c')
        assert (a.result(PATIENCE), c.result(PATIENCE)) == (None, None)

    def test_are_sent_alone_until_an_engine_takes_them(self, batch, link, engines):
        engines.broken = {'b': UnavailableException()}
        (b,) = batch('b')
        for _ in range(5):
            assert engines.next() == (None, [('b', 'b')])
        later = [report(link, f'later-{n}') for n in range(2)]
        assert [future.result(PATIENCE) for future in later] == [None, None]
        assert not b.done()
        engines.broken = {}
        assert b.result(PATIENCE) is None

    def test_that_engines_cannot_take_are_an_error_of_the_action(self, batch, engines, caplog):
        engines.answers = [[], MistralException('Internal error: KeyError')]
        (b,) = batch('b')
        assert b.result(PATIENCE) is None
        assert engines.next() == (None, [('b', 'b')])
        engine, ((id_, data),) = engines.next()
        assert (engine, id_, data) == (None, 'b', None)
        assert 'Engines cannot take the result of action b' in caplog.text
        assert 'Internal error: KeyError' in caplog.text

    def test_that_engines_cannot_take_as_an_error_either_are_given_up(self, batch, engines):
        engines.broken = {'b': TypeError('no data')}
        (b,) = batch('b')
        assert b.result(PATIENCE) is None
        assert [engines.next()[1] for _ in range(2)] == [[('b', 'b')], [('b', None)]]
        assert engines.calls.empty()

    def test_that_nobody_waits_for_are_done_with(self, link, engines, caplog):
        caplog.set_level('INFO')
        engines.answers = [['a']]
        assert report(link, 'a').result(PATIENCE) is None
        assert 'Nobody waits for the results of actions a' in caplog.text


class TestClaims:
    @pytest.fixture
    def claim(self, link):
        """Claims actions; gives the answers as they come."""
        answers: queue.Queue[tuple[str, bool]] = queue.Queue()

        def claim(*ids):
            for id_ in ids:
                link.claim(
                    request(EchoAction('x'), id_),
                    lambda answer, id_=id_: answers.put((id_, answer)),
                )
            return answers

        return claim

    def test_answer_tells_what_is_granted(self, claim, engines):
        engines.open.clear()
        claim('first')
        assert engines.next() == ('me', ['first'])
        engines.answers = [['first'], ['b']]
        answers = claim('a', 'b')
        engines.open.set()
        assert engines.next() == ('me', ['a', 'b'])
        assert [answers.get(timeout=PATIENCE) for _ in range(3)] == [
            ('first', True), ('a', False), ('b', True),
        ]  # fmt: skip

    def test_engines_are_asked_until_one_answers(self, claim, engines):
        engines.answers = [RpcError(), RpcTimeoutError(), UnavailableException()]
        assert claim('a').get(timeout=PATIENCE) == ('a', True)
        assert [engines.next() for _ in range(4)] == [('me', ['a'])] * 4

    def test_one_that_cannot_be_answered_keeps_no_others_back(self, claim, engines, caplog):
        engines.open.clear()
        claim('first')
        engines.next()
        engines.broken = {'b': MistralException('broken')}
        answers = claim('a', 'b', 'c')
        engines.open.set()
        assert [answers.get(timeout=PATIENCE) for _ in range(4)] == [
            ('first', True), ('a', True), ('b', False), ('c', True),
        ]  # fmt: skip
        assert 'Action b cannot be claimed' in caplog.text


class TestStop:
    def test_results_in_hand_are_brought_to_an_engine(self, link, engines):
        engines.open.clear()
        first, second = report(link, 'first'), report(link, 'second')
        engines.next()
        stopper = threading.Thread(target=link.stop)
        stopper.start()
        engines.open.set()
        stopper.join(PATIENCE)
        assert (first.result(0), second.result(0)) == (None, None)

    def test_it_does_not_insist(self, link, engines, caplog, monkeypatch):
        monkeypatch.setattr(remote, '_FIRST_WAIT', PATIENCE)
        engines.answers = [RpcError()] * 2
        done = report(link, 'a')
        granted: list[bool | None] = []
        engines.next()
        link.claim(request(EchoAction('x'), 'b'), granted.append)
        engines.next()
        link.stop()
        assert not done.done()
        assert granted == [None]
        assert 'Results of 1 actions have not reached an engine' in caplog.text


def test_heartbeats_carry_the_name_of_the_executor(link, engines):
    link.report_running(['a', 'b'])
    assert engines.next() == ('me', ['a', 'b'])


def test_trouble_with_heartbeats_is_for_the_sender(link, engines):
    engines.answers = [RpcError('no bus')]
    with pytest.raises(RpcError, match='no bus'):
        link.report_running(['a'])
