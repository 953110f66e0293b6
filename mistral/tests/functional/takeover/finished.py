"""Executions that ended under Mistral 23, in all the ways there are."""

from typing import Final

from mistral.tests.functional.takeover.stories import (
    Begin,
    GoOn,
    and_then,
    answering,
    asking,
    refusing,
    rerun,
    starting,
    until,
    until_ended,
)

#: Executions that tests do something to afterwards.
RERUN: Final = 'failed'
RERUN_ITEMS: Final = 'failed items'
RERUN_JOIN: Final = 'failed join'


def stop(state: str, reason: str) -> GoOn:
    return lambda steps, id_: steps.change(id_, state, reason)


def skip(task: str) -> GoOn:
    return lambda steps, id_: steps.skip(steps.task(id_, task, 'ERROR')['id'])


#: By what they are. None of them goes on.
STORIES: Final[dict[str, Begin]] = {
    'greeting': starting('greet', {'name': 'Ada'}, env='office'),
    'jinja': starting('jinja_greet', {'name': 'Ada'}),
    'fork and join': starting('fork_join', {'x': 1}),
    'globals': starting('globals'),
    RERUN: starting('failing', env={'do': 'std.fail'}),
    'rerun there': and_then(
        starting('failing', env={'do': 'std.fail'}), until_ended, rerun('bad', do='std.noop')
    ),
    'failed below': starting('failing_below'),
    RERUN_ITEMS: and_then(
        asking('some_items_fail', 't', 2),
        answering('t', 1, 10),
        refusing('t', 2, 'no'),
        answering('t', 3, 30),
        answering('t', 4, 40),
    ),
    RERUN_JOIN: starting('failed_join'),
    'rescued join': starting('rescued_join'),
    'join of two': starting('join_two'),
    'retried': starting('retried'),
    'policies': starting('policies'),
    'loop': starting('loop'),
    'tree': starting('tree'),
    'backwards': starting('backwards', task_name='c'),
    'commands': starting('commands'),
    'skipped': and_then(starting('skipped'), until_ended, skip('a')),
    'workbook': starting('shop.order', {'items': ['pen', 'ink', 'paper']}),
    'cancelled': and_then(starting('nested'), until('asking', 'RUNNING'), stop('CANCELLED', 'no')),
    'stopped as success': and_then(asking('counting', 'body'), stop('SUCCESS', 'enough')),
    'stopped as error': and_then(asking('items', 't', 4), stop('ERROR', 'enough')),
}
