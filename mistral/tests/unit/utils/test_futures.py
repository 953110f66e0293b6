import threading
from concurrent.futures import Future

import pytest

from mistral.utils.futures import all_done, in_thread, mapped

PATIENCE = 10


def is_refusal(error):
    return isinstance(error, LookupError)


def done(result=None, error=None):
    future = Future()
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
    return future


class TestAllDone:
    def test_of_none(self):
        assert all_done({}, is_refusal).result(0) == []

    def test_waits_for_the_last(self):
        futures = {name: Future() for name in 'abc'}
        together = all_done(futures, is_refusal)
        for name in 'cab':
            assert not together.done()
            futures[name].set_result(name)
        assert together.result(0) == []

    def test_names_those_that_were_refused(self):
        futures = {'a': done(), 'b': done(error=IndexError()), 'c': Future(), 'd': Future()}
        together = all_done(futures, is_refusal)
        futures['d'].set_exception(KeyError())
        futures['c'].set_result(None)
        assert together.result(0) == ['b', 'd']

    def test_fails_for_another_error_when_all_are_done(self):
        error = ValueError('another')
        futures = {'a': done(error=IndexError()), 'b': done(error=error), 'c': Future()}
        together = all_done(futures, is_refusal)
        assert not together.done()
        futures['c'].set_result(None)
        assert together.exception(0) is error


class TestMapped:
    def test_result(self):
        future = Future()
        double = mapped(future, lambda n: 2 * n)
        assert not double.done()
        future.set_result(4)
        assert double.result(0) == 8

    @pytest.mark.parametrize(
        ('future', 'error'), [(done(error=KeyError()), KeyError), (done(0), ZeroDivisionError)]
    )
    def test_error_of_the_future_or_the_function(self, future, error):
        assert isinstance(mapped(future, lambda n: 1 / n).exception(0), error)


class TestInThread:
    def test_result(self):
        thread = in_thread('waits', threading.current_thread).result(PATIENCE)
        assert thread is not threading.current_thread()
        assert thread.name == 'waits'

    def test_error(self):
        assert isinstance(in_thread('waits', lambda: 1 / 0).exception(PATIENCE), ZeroDivisionError)
