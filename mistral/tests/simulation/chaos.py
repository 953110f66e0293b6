"""What happens next in a simulation."""

from collections.abc import Callable, Sequence
from random import Random

from mistral import states
from mistral.db.store.jobs import Job
from mistral.tests.simulation.cluster import Cluster
from mistral.workflow import events
from mistral.workflow.ports import ActionResult

_SOME_STATES = (states.ERROR, states.CANCELLED, states.SUCCESS)


class Chaos:
    """Draws steps from the random numbers of a cluster. Each returns a text for the trace."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._rng: Random = cluster.rng
        #: How often what is oldest comes first. Order hides some mistakes and shows others.
        self._orderliness = self._rng.choice((1.0, 0.7, 0.3))

    def step(self, *, disturbed: bool) -> str:
        """Do one thing: what is to be done anyway or, if `disturbed`, something else as well."""
        cluster = self._cluster
        kinds: list[tuple[Callable[[], str], float]] = []
        if cluster.posted:
            kinds.append((self._handle_posted, 10))
        if next(cluster.messages, None):
            kinds.append((self._deliver_message, 30))
        if cluster.actions:
            kinds.append((self._finish_action, 30))
        if next(cluster.timers, None):
            kinds.append((self._fire_timer, 12))
        if cluster.waiting_actions():
            kinds.append((self._complete_waiting_action, 10))
        if disturbed:
            kinds += [
                (self._pause, 1), (self._resume, 2.5), (self._stop, 0.4), (self._reopen, 3),
                (self._update_env, 0.3), (self._update_action, 1.5), (self._repeat, 3),
                (self._crash, 1), (self._change_engine, 2), (self._lose_database, 1),
            ]  # fmt: skip
        functions, weights = zip(*kinds, strict=True)
        (function,) = self._rng.choices(functions, weights)
        return function()

    # What is to be done anyway

    def _handle_posted(self) -> str:
        execution_id, event = self._cluster.posted[0]
        return f'{execution_id[:8]} {event}' + self._cluster.attempt(self._cluster.handle_posted)

    def _deliver_message(self) -> str:
        waiting = list(self._cluster.messages)
        return self._deliver(self._one_of(waiting))

    def _fire_timer(self) -> str:
        waiting = sorted(self._cluster.timers, key=lambda timer: timer.due)
        job = self._one_of(waiting)
        self._cluster.time = max(self._cluster.time, job.due)
        return self._deliver(job)

    def _one_of(self, waiting: Sequence[Job]) -> Job:
        return waiting[0] if self._rng.random() < self._orderliness else self._rng.choice(waiting)

    def _deliver(self, job: Job) -> str:
        together = [job]
        if self._rng.random() < 0.2:
            together += [
                other
                for other in self._cluster.jobs.values()
                if other.execution_id == job.execution_id and other.id != job.id
                and other.due <= self._cluster.time
            ]  # fmt: skip
        outcome = self._cluster.attempt(self._cluster.deliver_together, together)
        return f'{job.execution_id[:8]} {[other.event for other in together]}{outcome}'

    def _finish_action(self) -> str:
        action = self._cluster.actions.pop(self._rng.randrange(len(self._cluster.actions)))
        outcome = self._cluster.attempt(self._cluster.finish, action)
        return f'{action.name} of {action.task_name} {action.action_execution_id[:8]}{outcome}'

    def _complete_waiting_action(self) -> str:
        action_id = self._rng.choice(self._cluster.waiting_actions())
        result = self._rng.choice(
            (1, 1, {'k': 5}, 'text', ActionResult(error='late'), ActionResult(cancel=True))
        )
        outcome = self._cluster.attempt(self._cluster.complete, action_id, result)
        return f'complete {action_id[:8]} {result}{outcome}'

    # What somebody asks for

    def _pause(self) -> str:
        return self._ask(self._any_execution(), events.Pause())

    def _resume(self) -> str:
        paused = self._in_states(states.PAUSED)
        env = {'e': 'resumed'} if self._rng.random() < 0.2 else None
        return self._ask(paused or self._any_execution(), events.Resume(env))

    def _stop(self) -> str:
        event = events.Stop(self._rng.choice(_SOME_STATES), self._rng.choice((None, 'stopped')))
        return self._ask(self._any_execution(), event)

    def _update_env(self) -> str:
        return self._ask(self._any_execution(), events.UpdateEnv({'e': 'updated'}))

    def _reopen(self) -> str:
        failed = [
            id_
            for id_, row in self._cluster.storage.tasks.stored.items()
            if row['state'] == states.ERROR
        ]
        if not failed:
            return 'nothing to run again'
        task_id = self._rng.choice(failed)
        env = {'e': 'again'} if self._rng.random() < 0.1 else None
        event: events.Event = events.Rerun(task_id, self._rng.random() < 0.5, env)
        if self._rng.random() < 0.3:
            event = events.Skip(task_id, env)
        return self._ask(self._cluster.storage.execution_of_task(task_id), event)

    def _update_action(self) -> str:
        waiting = self._cluster.waiting_actions()
        if not waiting:
            return 'no action to pause or resume'
        action_id = self._rng.choice(waiting)
        event = events.ActionUpdated(
            action_id, self._rng.choice((states.PAUSED, states.RUNNING, states.RUNNING))
        )
        return self._ask(self._cluster.storage.execution_of_action(action_id), event)

    def _any_execution(self) -> str:
        return self._rng.choice(list(self._cluster.storage.executions.stored))

    def _in_states(self, state: str) -> str | None:
        found = [
            id_
            for id_, row in self._cluster.storage.executions.stored.items()
            if row['state'] == state
        ]
        return self._rng.choice(found) if found else None

    def _ask(self, execution_id: str, event: events.Event) -> str:
        outcome = self._cluster.attempt(self._cluster.apply, execution_id, event)
        return f'{execution_id[:8]} {event}{outcome}'

    # What goes wrong

    def _repeat(self) -> str:
        """Deliver again what has had its effect: nothing may come of it."""
        cluster = self._cluster
        if self._rng.random() < 0.5:
            done = [
                id_
                for id_, row in cluster.storage.actions.stored.items()
                if row['state'] in states.COMPLETED
            ]
            if not done:
                return 'no result to repeat'
            action_id = self._rng.choice(done)
            outcome = cluster.attempt(cluster.complete, action_id, 'again')
            cluster.inspector.require(
                'is already completed' in outcome, f'{action_id} took a second result'
            )
            return f'{action_id[:8]} sends its result again'
        stale = [job for job in cluster.delivered if _is_stale(cluster, job)]
        if not stale:
            return 'nothing to repeat'
        job = self._rng.choice(stale)
        cluster.expect_nothing(job.execution_id, job.event)
        return f'{job.execution_id[:8]} {job.event} again'

    def _crash(self) -> str:
        self._cluster.crash()
        return 'crash'

    def _change_engine(self) -> str:
        execution_id = self._any_execution()
        self._cluster.forget(execution_id)
        return f'{execution_id[:8]} goes to another engine'

    def _lose_database(self) -> str:
        self._cluster.failing_after = self._rng.randint(0, 2)
        return 'the database will fail'


def _is_stale(cluster: Cluster, job: Job) -> bool:
    """Whether an event that has been delivered can mean nothing any more."""
    match job.event:
        case events.TimerFired() | events.SubworkflowUpdated():
            return True
        case events.Begin():
            return bool(cluster.tasks(job.execution_id))
    return False
