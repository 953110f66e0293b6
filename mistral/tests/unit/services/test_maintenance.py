"""The duty that brings the service to rest, and lets it go on."""

import pytest

from mistral import states
from mistral.context import SYSTEM, RequestContext
from mistral.db.repositories import Repositories
from mistral.db.store import maintenance
from mistral.db.store.maintenance import PAUSED, PAUSING, REASON, RUNNING
from mistral.exceptions import InputException, RpcError, WorkflowException
from mistral.services.maintenance import Maintenance, MaintenanceDuty

OWNERS = (RequestContext('p1'), RequestContext('p2'))


class Service:
    """Executions in the database, and an engine that pauses and resumes them."""

    def __init__(self, database):
        self._database = database
        self._repositories = Repositories()
        self.calls = []
        #: Execution id to what steering it raises.
        self.errors = {}
        #: Called before an execution is steered.
        self.before = lambda id_: None

    def add(self, id_, state=states.RUNNING, *, parent=None, **values):
        with self._database.transaction() as conn:
            values = {'id': id_, 'state': state, 'task_execution_id': parent, **values}
            self._repositories.executions.insert(conn, values, OWNERS[len(id_) % 2])
        return id_

    def add_task(self, execution_id, state=states.RUNNING, action=None):
        """A task `t-EXECUTION`, with an action in a state."""
        id_ = f't-{execution_id}'
        task = {'id': id_, 'state': state, 'workflow_execution_id': execution_id}
        with self._database.transaction() as conn:
            self._repositories.tasks.insert(conn, task, SYSTEM)
            if action:
                row = {'id': f'a-{execution_id}', 'state': action, 'task_execution_id': id_}
                self._repositories.action_executions.insert(conn, row, SYSTEM)
        return id_

    def change(self, id_, **values):
        with self._database.transaction() as conn:
            self._repositories.executions.update(conn, id_, values, SYSTEM)

    def end_action(self, execution_id):
        with self._database.transaction() as conn:
            row = self._repositories.action_executions
            row.update(conn, f'a-{execution_id}', {'state': states.SUCCESS}, SYSTEM)

    def state(self, id_):
        with self._database.read() as conn:
            row = self._repositories.executions.get(conn, id_, SYSTEM)
        return row['state'], row['state_info']

    def pause_workflow(self, caller, execution_id, message=None):
        self._steer('pause', caller, execution_id)
        self.change(execution_id, state=states.PAUSED, state_info=message)

    def resume_workflow(self, caller, execution_id):
        self._steer('resume', caller, execution_id)
        self.change(execution_id, state=states.RUNNING, state_info=None)

    def _steer(self, verb, caller, execution_id):
        assert caller.is_admin
        self.before(execution_id)
        self.calls.append((verb, execution_id))
        if execution_id in self.errors:
            raise self.errors[execution_id]


@pytest.fixture
def service(database):
    return Service(database)


@pytest.fixture
def status(database):
    return Maintenance(database)


@pytest.fixture
def turn(database, service):
    return MaintenanceDuty(database, service).perform


def test_nothing_happens_without_maintenance(service, turn):
    service.add('a')
    service.add('b', states.PAUSED)
    turn()
    assert service.calls == []


def test_it_comes_to_rest_and_goes_on(service, status, turn):
    for id_ in ('a', 'bb'):
        service.add(id_)
    service.add('by-user', states.PAUSED, state_info='a break')
    service.add('over', states.SUCCESS)
    status.request(PAUSED)
    turn()
    assert service.state('a') == service.state('bb') == (states.PAUSED, REASON)
    assert status.status() == PAUSED

    assert status.request(RUNNING) == RUNNING
    turn()
    assert service.state('a') == service.state('bb') == (states.RUNNING, None)
    assert service.state('by-user') == (states.PAUSED, 'a break')
    service.calls.clear()
    turn()
    assert service.calls == []


def test_roots_are_paused_before_what_they_have_started(service, status, turn):
    service.add('z-root')
    service.add('a-sub', parent=service.add_task('z-root'))
    status.request(PAUSED)
    turn()
    assert service.calls == [('pause', 'z-root'), ('pause', 'a-sub')]


class TestWaiting:
    @pytest.fixture(autouse=True)
    def _paused(self, status):
        status.request(PAUSED)

    def test_for_actions_in_hand(self, service, status, turn):
        service.add('a')
        service.add_task('a', action=states.RUNNING)
        turn()
        assert status.status() == PAUSING
        service.end_action('a')
        turn()
        assert status.status() == PAUSED

    @pytest.mark.parametrize(
        ('execution', 'task', 'action'),
        [
            (states.CANCELLED, states.RUNNING, states.RUNNING),
            (states.ERROR, states.RUNNING, states.RUNNING),
            (states.PAUSED, states.ERROR, states.RUNNING),
            (states.PAUSED, states.PAUSED, states.PAUSED),
            (states.PAUSED, states.RUNNING, None),
            (states.PAUSED, states.DELAYED, states.ERROR),
        ],
    )
    def test_not_for_what_will_not_go_on(self, service, status, turn, execution, task, action):
        service.add('a', execution)
        service.add_task('a', task, action)
        turn()
        assert status.status() == PAUSED

    def test_not_for_actions_without_a_task(self, service, status, turn, database):
        with database.transaction() as conn:
            row = {'id': 'direct', 'state': states.RUNNING}
            Repositories().action_executions.insert(conn, row, SYSTEM)
        turn()
        assert status.status() == PAUSED


def test_what_comes_up_late_is_paused_too(service, status, turn):
    status.request(PAUSED)
    turn()
    service.add('late')
    turn()
    assert service.state('late') == (states.PAUSED, REASON)
    assert status.status() == PAUSED


def test_portions(service, status, turn, monkeypatch):
    monkeypatch.setattr(maintenance, '_PORTION', 2)
    ids = [service.add(id_) for id_ in 'abcde']
    status.request(PAUSED)
    turn()
    status.request(RUNNING)
    turn()
    assert service.calls == [('pause', id_) for id_ in ids] + [('resume', id_) for id_ in ids]


def test_one_that_cannot_be_paused_holds_up_nobody(service, status, turn):
    service.add('a')
    service.add('b')
    service.errors['a'] = WorkflowException('It is over.')
    status.request(PAUSED)
    turn()
    assert service.state('b')[0] == states.PAUSED
    assert status.status() == PAUSING
    service.change('a', state=states.SUCCESS)
    turn()
    assert status.status() == PAUSED


def test_engines_that_are_away_are_waited_for(service, status, turn):
    service.add('a')
    service.errors['a'] = RpcError()
    status.request(PAUSED)
    with pytest.raises(RpcError):
        turn()
    assert status.status() == PAUSING
    service.errors.clear()
    turn()
    assert status.status() == PAUSED


def test_a_change_of_mind_counts_at_once(service, status, turn, monkeypatch):
    monkeypatch.setattr(maintenance, '_PORTION', 1)
    for id_ in 'abc':
        service.add(id_)
    status.request(PAUSED)
    service.before = lambda id_: status.request(RUNNING)
    turn()
    assert service.calls == [('pause', 'a')]
    turn()
    assert service.calls[1:] == [('resume', 'a')]
    assert status.status() == RUNNING


def test_two_schedulers(service, status, turn, database):
    """What one of them pauses although the maintenance has just ended, the next turn resumes."""
    service.add('a')
    status.request(PAUSED)
    other = MaintenanceDuty(database, service)

    def interfere(id_):
        service.before = lambda id_: None
        status.request(RUNNING)
        other.perform()

    service.before = interfere
    turn()
    assert service.state('a')[0] == states.PAUSED
    other.perform()
    assert service.state('a') == (states.RUNNING, None)


def test_status_of_a_database_with_its_row(database, status):
    with database.transaction() as conn:
        assert maintenance.change_status(conn, RUNNING, PAUSING)
    with database.transaction() as conn:
        assert maintenance.is_in_maintenance(conn)
        assert not maintenance.change_status(conn, RUNNING, PAUSING)
        assert not maintenance.change_status(conn, PAUSED, RUNNING)
        assert maintenance.change_status(conn, PAUSING, RUNNING)
        assert not maintenance.is_in_maintenance(conn)


@pytest.mark.parametrize('wanted', ['PAUSING', 'paused', '', None])
def test_statuses_that_cannot_be_asked_for(status, wanted):
    with pytest.raises(InputException):
        status.request(wanted)
