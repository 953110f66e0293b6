"""Executions that were paused under Mistral 23 and are resumed here."""

from typing import Final

from mistral.tests.functional.takeover.steps import Steps
from mistral.tests.functional.takeover.stories import (
    GoOn,
    Story,
    and_then,
    answering,
    answering_all,
    asking,
    below,
    in_turn,
    pause,
    refusing,
    resume,
    starting,
    until,
    until_asked,
    until_paused,
)


def set_action(task: str, state: str) -> GoOn:
    """Pause or resume the only action of a task."""

    def change(steps: Steps, id_: str) -> None:
        (action,) = steps.rest.actions(steps.task(id_, task)['id'])
        steps.rest.call('PUT', f'/action_executions/{action["id"]}', json={'state': state})

    return change


def cancel(steps: Steps, id_: str) -> None:
    steps.change(id_, 'CANCELLED', 'no longer needed')


STORIES: Final = (
    Story(
        'in the middle of a sequence',
        and_then(asking('sequence', 'two'), pause),
        'PAUSED',
        in_turn(resume, answering('two', 'two', 22)),
        output={'all': [1, 22, 23]},
    ),
    Story(
        'a task has ended since',
        and_then(asking('sequence', 'two'), pause, answering('two', 'two', 2)),
        'PAUSED',
        resume,
        output={'all': [1, 2, 3]},
    ),
    Story(
        'a task has failed since',
        and_then(asking('handled', 'ask'), pause, refusing('ask', 'why', 'because')),
        'PAUSED',
        resume,
        output={'why': 'because'},
    ),
    Story(
        'the result comes between upgrade and resume',
        and_then(asking('sequence', 'two'), pause),
        'PAUSED',
        in_turn(answering('two', 'two', 5), resume),
        output={'all': [1, 5, 6]},
    ),
    Story(
        'held by pause-before, beside it a branch that has ended',
        and_then(starting('held'), until_paused, until('free', 'SUCCESS')),
        'PAUSED',
        # The join is held in turn; Mistral 23 ignores that.
        in_turn(resume, until('j', 'IDLE'), until_paused, resume),
        output={'r': 3},
    ),
    Story(
        'items in turn, half of them done',
        and_then(
            asking('items_in_turn', 't', 1),
            answering('t', 0, 'zero'),
            answering('t', 1, 'one'),
            pause,
            answering('t', 2, 'two'),
        ),
        'PAUSED',
        in_turn(resume, answering_all('t')),
        output={'r': ['zero', 'one', 'two', 30, 40, 50]},
    ),
    Story(
        'all items at once, half of them done',
        and_then(asking('items', 't', 4), answering('t', 3, 'three'), pause),
        'PAUSED',
        in_turn(resume, answering_all('t')),
        output={'r': [0, 10, 20, 'three', 40]},
    ),
    Story(
        'parent and sub-workflows',
        and_then(
            starting('nested'),
            below('asking', until('ask', 'RUNNING'), 0),
            below('asking', until('ask', 'RUNNING'), 1),
            below('deeper', below('down', until('ask', 'RUNNING'))),
            pause,
        ),
        'PAUSED',
        in_turn(
            resume,
            below('asking', answering_all('ask'), 0),
            below('asking', answering('ask', 1, 'one'), 1),
            below('deeper', below('down', answering('ask', 'deep', 'down'))),
        ),
        output={'r': [0, 'one'], 's': 'down'},
    ),
    Story(
        'by one of its sub-workflows, which is resumed',
        and_then(
            starting('nested'),
            below('deeper', below('down', until('ask', 'RUNNING'))),
            below('asking', until('ask', 'RUNNING'), 0),
            below('asking', in_turn(until('ask', 'RUNNING'), pause), 1),
            until_paused,
        ),
        'PAUSED',
        in_turn(
            below('asking', resume, 1),
            below('asking', resume, 0),
            below('deeper', below('down', resume)),
            below('asking', answering_all('ask'), 0),
            below('asking', answering_all('ask'), 1),
            below('deeper', below('down', answering('ask', 'deep', 1))),
        ),
        output={'r': [0, 10], 's': 1},
    ),
    Story(
        'a join waits for a branch',
        and_then(asking('join', 'slow'), until('j', 'WAITING'), pause),
        'PAUSED',
        in_turn(resume, answering('slow', 'slow', 3)),
        output={'r': [1, 3, {'q': 1, 's': 1}]},
    ),
    Story(
        'a join has got its branches since',
        and_then(asking('join', 'slow'), pause, answering('slow', 'slow', 4)),
        'PAUSED',
        resume,
        output={'r': [1, 4, {'q': 1, 's': 1}]},
    ),
    Story(
        'by a command, steps and a join are left behind it',
        and_then(starting('pausing'), until_paused, until('t2', 'SUCCESS')),
        'PAUSED',
        resume,
        output={'r': 3, 't3': 1},
    ),
    Story(
        'by a command, a failure is left behind it',
        and_then(starting('pausing_to_fail'), until_paused),
        'PAUSED',
        resume,
        state='ERROR',
        output={'result': 'too bad'},
    ),
    Story(
        'by an action, which goes on',
        and_then(asking('sequence', 'two'), set_action('two', 'PAUSED'), until_paused),
        'PAUSED',
        in_turn(set_action('two', 'RUNNING'), answering('two', 'two', 7)),
        output={'all': [1, 7, 8]},
    ),
    Story(
        'a reverse workflow, a requirement was met since',
        and_then(asking('backwards_asking', 'b', task_name='c'), pause, answering('b', 20, 20)),
        'PAUSED',
        resume,
        output={'c': 21},
    ),
    Story(
        'in the second lap of a join',
        and_then(
            asking('counting', 'body', 1),
            answering('body', 1, 'a'),
            until_asked('body', 2),
            pause,
        ),
        'PAUSED',
        in_turn(
            resume,
            answering('body', 2, 'b'),
            answering('body', 3, 'c'),
            answering('body', 4, 'd'),
        ),
        output={'n': 4, 'seen': ['a', 'b', 'c', 'd']},
    ),
    Story(
        'and then cancelled here',
        and_then(starting('nested'), pause),
        'PAUSED',
        cancel,
        state='CANCELLED',
        output={'result': 'no longer needed'},
    ),
)
