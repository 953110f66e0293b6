"""Tasks with items: one child per item, in portions, and what their results add up to."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mistral import states
from mistral.exceptions import EvaluationException, InputException, InvalidActionException
from mistral.workflow import children, events
from mistral.workflow.commands import RUNNING_TASK, CompleteTask, ContinueItems, Phase
from mistral.workflow.model import ChildExecution, TaskExecution
from mistral.workflow.ports import TaskError
from mistral.workflow.scope import TurnScope
from mistral.workflow.turn import Turn

SOME_FAILED: Final = 'One or more actions had failed.'
SOME_CANCELLED: Final = 'One or more actions was cancelled.'


def start(turn: Turn, task: TaskExecution, *, keep_results: bool = False) -> None:
    """Start an attempt over all items; with `keep_results` over those that have not succeeded."""
    task.items = None
    context = task.runtime_context
    count = len(_items(turn, task))
    context['with_items'] = {'capacity': None, 'count': count}
    context['_next_item'] = 0
    context.pop('_chosen_items', None)
    if keep_results:
        context['_chosen_items'] = _unfinished_indexes(task, count)
    start_portion(turn, task)


def start_portion(turn: Turn, task: TaskExecution) -> None:
    """Start as many of the remaining items as 'concurrency' and the size of a turn allow.

    Raises a MistralException if an input cannot be evaluated; then no item of the portion runs.
    """
    items = _items(turn, task)
    indexes = _take_indexes(turn, task)
    inbound = turn.inbound(task).data
    inputs = [
        children.evaluate_input(turn, task, turn.view(items[index], inbound, task=task))
        for index in indexes
    ]
    view = turn.view(inbound, task=task)
    try:
        for index, input_ in zip(indexes, inputs, strict=True):
            children.start_child(turn, task, view, input_, index)
    except (EvaluationException, InvalidActionException) as e:
        # Unlike other tasks, one with items may handle that its action has no name, or a wrong one.
        raise TaskError(str(e)) from e
    _update_capacity(turn, task)
    if _startable(task):
        turn.send(turn.state.execution.id, events.ContinueItems(task.id))
    elif not task.running_children:
        _complete(turn, task, RUNNING_TASK)


def on_child_completed(
    turn: Turn, task: TaskExecution, child: ChildExecution, phase: Phase
) -> None:
    """Take in a result: start the next item, or complete the task after the last one."""
    _update_capacity(turn, task)
    if child.state == states.CANCELLED:
        turn.do(CompleteTask(task, states.CANCELLED, SOME_CANCELLED, phase))
    elif _startable(task):
        turn.do(ContinueItems(task, phase))
    elif not task.running_children:
        _complete(turn, task, phase)


def has_more_to_start(task: TaskExecution) -> bool:
    return 'with_items' in task.runtime_context and _startable(task) > 0


def _unfinished_indexes(task: TaskExecution, count: int) -> list[int]:
    done = {child.index for child in _finished(task) if child.state == states.SUCCESS}
    return [index for index in range(count) if index not in done]


def _complete(turn: Turn, task: TaskExecution, phase: Phase) -> None:
    found = {child.state for child in _finished(task)}
    if states.CANCELLED in found:
        turn.do(CompleteTask(task, states.CANCELLED, SOME_CANCELLED, phase))
    elif states.ERROR in found:
        turn.do(CompleteTask(task, states.ERROR, SOME_FAILED, phase))
    else:
        turn.do(CompleteTask(task, states.SUCCESS, None, phase))


def _finished(task: TaskExecution) -> Iterator[ChildExecution]:
    """The children whose results count; those of former laps of a join count no more."""
    return (child for child in task.accepted_children() if task.is_current(child))


def _remaining(task: TaskExecution) -> int:
    context = task.runtime_context
    chosen = context.get('_chosen_items')
    total: int = context['with_items']['count'] if chosen is None else len(chosen)
    return total - int(context.get('_next_item', total))


def _startable(task: TaskExecution) -> int:
    """How many of the remaining items may start now."""
    concurrency: int | None = task.runtime_context.get('concurrency')
    remaining = _remaining(task)
    if not concurrency:
        return remaining
    return max(0, min(remaining, concurrency - task.running_children))


def _take_indexes(turn: Turn, task: TaskExecution) -> list[int]:
    context = task.runtime_context
    first = context.get('_next_item', 0)
    last = first + min(_startable(task), turn.ports.settings.items_portion)
    context['_next_item'] = last
    turn.touch_task(task)
    chosen = context.get('_chosen_items')
    return list(range(first, last)) if chosen is None else chosen[first:last]


def _update_capacity(turn: Turn, task: TaskExecution) -> None:
    concurrency = task.runtime_context.get('concurrency')
    if concurrency:
        with_items = task.runtime_context['with_items']
        task.runtime_context['with_items'] = {
            **with_items,
            'capacity': max(0, concurrency - task.running_children),
        }
        turn.touch_task(task)


def _items(turn: Turn, task: TaskExecution) -> list[dict[str, Any]]:
    """The item variables of each index, kept for as long as the task is in memory.

    Raises InputException if the values are no lists of one length.
    """
    if task.items is None:
        spec = turn.state.node(task).spec
        view = turn.view(turn.inbound(task).data, task=task)
        values = turn.ports.evaluate(spec.with_items, view, TurnScope(turn, task))
        task.items = _zip_items(values)
    return task.items


def _zip_items(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    columns: dict[str, list[Any]] = {}
    for name, value in values.items():
        try:
            columns[name] = list(value)
        except TypeError:
            raise InputException(
                f'Wrong input format for: {columns}. Iterable type is expected for each value.'
            ) from None
    if len({len(column) for column in columns.values()}) > 1:
        raise InputException(
            f'Wrong input format for: {columns}. All arrays must have the same length.'
        )
    rows = zip(*columns.values(), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]
