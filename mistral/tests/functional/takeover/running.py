"""Executions that were running under Mistral 23, most of them waiting for an answer."""

from typing import Any, Final

from mistral.tests.functional.takeover.steps import Steps
from mistral.tests.functional.takeover.stories import (
    Story,
    and_then,
    answering,
    answering_all,
    asking,
    below,
    in_turn,
    refusing,
    rerun,
    starting,
    until,
    until_asked,
    until_ended,
)
from mistral.tests.waiting import wait_for

#: What the definition `busy` gives, wherever it was interrupted.
BUSY_OUTPUT: Final = {
    'items': [0, 2, 4, 6, 8, 10, 12, 14],
    'tree': [0, 10, 20],
    'joined': 5,
}


def add_to_env(steps: Steps, id_: str) -> None:
    steps.pause(id_)
    body: dict[str, Any] = {'state': 'RUNNING', 'params': {'env': {'place': 'here'}}}
    steps.rest.call('PUT', f'/executions/{id_}', json=body)


def until_repeated(steps: Steps, id_: str) -> None:
    wait_for(lambda: len(attempts(steps, id_)) == 2, 'second attempt')


def answer_attempts_in_turn(steps: Steps, id_: str) -> None:
    first, second = attempts(steps, id_)
    steps.rest.answer(first, {'answer': 'first'})
    steps.rest.answer(second, {'answer': 'second'})


def attempts(steps: Steps, id_: str) -> list[str]:
    return [action['id'] for action in steps.rest.actions(steps.task(id_, 't')['id'])]


def cancel_action(steps: Steps, id_: str) -> None:
    steps.refuse(id_, 'two', 'two', 'never mind', 'CANCELLED')


STORIES: Final = (
    Story(
        'a question',
        asking('question', 'ask', '?', {'text': '?'}, notify=[{'type': 'noop'}]),
        'RUNNING',
        answering('ask', '?', '!'),
        output={'answer': '!'},
    ),
    Story(
        'in the middle of a sequence',
        asking('sequence', 'two'),
        'RUNNING',
        answering('two', 'two', 2),
        output={'all': [1, 2, 3]},
    ),
    Story(
        'in the middle of a sequence, cancelled here',
        asking('sequence', 'two'),
        'RUNNING',
        cancel_action,
        state='CANCELLED',
        output={'result': 'Cancelled tasks: two'},
    ),
    Story(
        'a branch of a join',
        and_then(asking('join', 'slow'), until('j', 'WAITING')),
        'RUNNING',
        answering('slow', 'slow', 2),
        output={'r': [1, 2, {'q': 1, 's': 1}]},
    ),
    Story(
        'all items at once',
        and_then(asking('items', 't', 4), answering('t', 2, 'two')),
        'RUNNING',
        answering_all('t'),
        output={'r': [0, 10, 'two', 30, 40]},
    ),
    Story(
        'items in turn',
        and_then(
            asking('items_in_turn', 't', 1),
            answering('t', 1, 'one'),
            answering('t', 2, 'two'),
            until_asked('t', 3),
        ),
        'RUNNING',
        answering_all('t'),
        output={'r': [0, 'one', 'two', 30, 40, 50]},
    ),
    Story(
        'in sub-workflows',
        and_then(
            starting('nested'),
            below('asking', answering_all('ask'), 1),
            below('deeper', below('down', until('ask', 'RUNNING'))),
        ),
        'RUNNING',
        in_turn(
            below('asking', answering_all('ask'), 0),
            below('deeper', below('down', answering('ask', 'deep', 2))),
        ),
        output={'r': [0, 10], 's': 2},
    ),
    Story(
        'in the second lap of a join',
        and_then(asking('counting', 'body', 1), answering('body', 1, 'a'), until_asked('body', 2)),
        'RUNNING',
        in_turn(answering('body', 2, 'b'), answering('body', 3, 'c'), answering('body', 4, 'd')),
        output={'n': 4, 'seen': ['a', 'b', 'c', 'd']},
    ),
    Story(
        'in the second lap of a join of two branches',
        and_then(asking('laps', 'right', 0), answering('right', 0, 'a'), until_asked('right', 1)),
        'RUNNING',
        in_turn(answering('right', 1, 'b'), answering('right', 2, 'c')),
        output={'n': 3, 'l': 2, 'r': 'c'},
    ),
    Story(
        'a reverse workflow',
        asking('backwards_asking', 'b', task_name='c'),
        'RUNNING',
        answering('b', 20, 30),
        output={'c': 31},
    ),
    Story(
        'a workflow of a workbook',
        asking('shop.approve', 'boss', 'pen', {'item': 'pen'}),
        'RUNNING',
        answering('boss', 'pen', 'yes'),
        output={'verdict': 'yes', 'line': 30},
    ),
    Story(
        'in a namespace',
        and_then(
            lambda steps: steps.start_in('blue', 'blue_root'),
            below('further', until_asked('ask', 'colour')),
        ),
        'RUNNING',
        below('further', answering('ask', 'colour', 'sky')),
        output={'leaf': 'blue', 'answer': 'sky'},
    ),
    Story(
        'the environment is changed before a sub-workflow reads it',
        lambda steps: steps.start('env_of_root', env={'place': 'there'}),
        'RUNNING',
        in_turn(add_to_env, answering('ask', 1, None)),
        output={'e': 'here'},
    ),
    Story(
        'sub-workflows in turn',
        and_then(
            starting('nested_in_turn'),
            below('asking', answering('ask', 0, 'zero'), 0),
            below('asking', until('ask', 'RUNNING'), 1),
        ),
        'RUNNING',
        in_turn(below('asking', answering_all('ask'), 1), below('asking', answering_all('ask'), 2)),
        output={'r': ['zero', 10, 20]},
    ),
    Story(
        'a join that is a sub-workflow',
        and_then(starting('join_below'), below('j', until('ask', 'RUNNING'))),
        'RUNNING',
        below('j', answering('ask', 3, 4)),
        output={'r': 4},
    ),
    Story(
        'round a circle',
        and_then(asking('circle', 'step', 0), answering('step', 0, 'a'), until_asked('step', 1)),
        'RUNNING',
        in_turn(answering('step', 1, 'b'), answering('step', 2, 'c')),
        output={'n': 3, 'last': 'c'},
    ),
    Story(
        'a task that is run again',
        and_then(
            asking('sequence', 'two'),
            refusing('two', 'two', 'no'),
            until_ended,
            rerun('two'),
            until_asked('two', 'two'),
        ),
        'RUNNING',
        answering('two', 'two', 4),
        output={'all': [1, 4, 5]},
    ),
    Story(
        'a failed item that is run again',
        and_then(
            asking('items', 't', 4),
            *(answering('t', i, i) for i in range(4)),
            refusing('t', 4, 'no'),
            until_ended,
            rerun('t', reset=False),
            until_asked('t', 4),
        ),
        'RUNNING',
        answering('t', 4, 'four'),
        output={'r': [0, 1, 2, 3, 'four']},
    ),
    Story(
        'a task of a sub-workflow that is run again',
        and_then(
            starting('nested'),
            below('asking', answering_all('ask'), 0),
            below('asking', answering_all('ask'), 1),
            below('deeper', below('down', refusing('ask', 'deep', 'no'))),
            until_ended,
            below('deeper', below('down', in_turn(rerun('ask'), until('ask', 'RUNNING')))),
        ),
        'RUNNING',
        below('deeper', below('down', answering('ask', 'deep', 'at last'))),
        output={'r': [0, 10], 's': 'at last'},
    ),
    Story(
        'with a timeout far off',
        asking('in_time', 't', 1),
        'RUNNING',
        answering('t', 1, 'soon enough'),
        output={'r': 'soon enough'},
    ),
    Story(
        'a later attempt, questions of earlier ones are open',
        and_then(starting('to_be_repeated'), until_repeated),
        'RUNNING',
        answer_attempts_in_turn,
        output={'r': 'second'},
    ),
)
