"""Executions as Mistral 23 leaves them, in short."""

from datetime import datetime, timedelta

from mistral.db.takeover.left import Call, Child, Execution, Task
from mistral.tests.unit.db.support import NOON

#: When the upgrade runs.
NOW = NOON + timedelta(days=1)


def at(second: int) -> datetime:
    return NOON + timedelta(seconds=second)


def task(id='t', second=0, *, state='RUNNING', after=(), children=(), started=None, **facts):
    """A task that others have led to; `second` and `started` tell when it was created and run."""
    context = dict(facts.pop('context', {}))
    if after:
        context['triggered_by'] = [{'task_id': each, 'event': 'on-success'} for each in after]
    return Task(
        id=id,
        name=facts.pop('name', id),
        state=state,
        created_at=at(second),
        started_at=None if started is None else at(started),
        runtime_context=context,
        children=list(children),
        **facts,
    )


def join(id='j', second=0, **facts):
    return task(id, second, is_join=True, **facts)


def items(count, *children, concurrency=None, **facts):
    capacity = {'capacity': concurrency, 'count': count}
    context = {'with_items': capacity, **facts.pop('context', {})}
    return task(context=context, children=children, **facts)


def action(id, second=0, *, state='RUNNING', accepted=None, index=0, result=None):
    completed = state not in ('RUNNING', 'PAUSED')
    return Child(
        id=id,
        kind='action',
        state=state,
        accepted=completed if accepted is None else accepted,
        created_at=at(second),
        runtime_context={'index': index, 'safe_rerun': False},
        index=index,
        output={'result': result} if completed else None,
    )


def subworkflow(id, second=0, **facts):
    child = action(id, second, **facts)
    child.kind = 'workflow'
    child.runtime_context = {'index': child.index}
    return child


def execution(*tasks, state='RUNNING', **facts):
    return Execution(id='e', state=state, tasks=list(tasks), **facts)


def call(function, second=0, **arguments):
    return Call(function, at(second), arguments)
