"""A duty that has to wait for others is one line in the log, a bug is shown whole."""

import queue

import pytest

from mistral.exceptions import RpcError
from mistral.scheduler.service import Duty, SchedulerService
from mistral.tests.unit.engine.trouble import lost_connection

PATIENCE = 10


@pytest.fixture
def fail(caplog):
    """Performs a duty that fails; gives what it logs."""

    def fail(error):
        turns = queue.Queue()

        def perform():
            turns.put(None)
            raise error

        service = SchedulerService([Duty('hard', 0.001, perform)])
        service.start()
        for _ in range(2):
            turns.get(timeout=PATIENCE)
        service.stop()
        return caplog.records[0]

    return fail


@pytest.mark.parametrize('error', [RpcError('nobody answers'), lost_connection()])
def test_outage(fail, error):
    record = fail(error)
    assert record.levelname == 'WARNING'
    assert record.getMessage().startswith('Duty hard has to wait: ')
    assert record.exc_info is None


def test_bug(fail):
    record = fail(KeyError('bug'))
    assert (record.levelname, record.getMessage()) == ('ERROR', 'Duty hard has failed')
    assert record.exc_info
