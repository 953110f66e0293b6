"""Executions whose delays and time limits had begun under Mistral 23.

The delays are long, but over when somebody takes the database over. Mistral 23 keeps them in one
table or another, depending on its `scheduler_type`; so each of these is there twice.
"""

from typing import Final

from mistral.tests.functional.takeover.stories import (
    Story,
    and_then,
    answering,
    answering_all,
    asking,
    below,
    below_the_last,
    in_turn,
    pause,
    refusing,
    resume,
    starting,
    until,
    until_asked,
)

STORIES: Final = (
    Story(
        'wait-before',
        and_then(starting('wait_before'), until('t', 'DELAYED')),
        'RUNNING',
        output={'r': 1},
    ),
    Story(
        'wait-before, paused meanwhile',
        and_then(starting('wait_before'), until('t', 'DELAYED'), pause),
        'PAUSED',
        in_turn(until('t', 'SUCCESS'), resume),
        output={'r': 1},
    ),
    Story(
        'wait-after',
        and_then(starting('wait_after'), until('t', 'DELAYED')),
        'RUNNING',
        output={'r': 1, 'after': True},
    ),
    Story(
        'wait-after of a task that has failed',
        and_then(starting('wait_after_error'), until('t', 'DELAYED')),
        'RUNNING',
        output={'why': 'E'},
    ),
    Story(
        'wait-after, paused meanwhile',
        and_then(starting('wait_after'), until('t', 'DELAYED'), pause),
        'PAUSED',
        in_turn(until('t', 'SUCCESS'), resume),
        output={'r': 1, 'after': True},
    ),
    Story(
        'retry',
        and_then(asking('retry', 't', 1), refusing('t', 1, 'no'), until('t', 'DELAYED')),
        'RUNNING',
        answering('t', 1, 'yes'),
        output={'r': 'yes'},
    ),
    Story(
        'retry, paused meanwhile',
        and_then(asking('retry', 't', 1), refusing('t', 1, 'no'), until('t', 'DELAYED'), pause),
        'PAUSED',
        in_turn(until_asked('t', 1), resume, answering('t', 1, 'yes')),
        output={'r': 'yes'},
    ),
    Story(
        'retry of a task with items',
        and_then(
            asking('retry_items', 't', 2),
            answering('t', 0, 0),
            refusing('t', 1, 'no'),
            answering('t', 2, 2),
            until('t', 'DELAYED'),
        ),
        'RUNNING',
        answering_all('t'),
        output={'r': [0, 10, 20]},
    ),
    Story(
        'retry of a sub-workflow',
        and_then(
            starting('retry_below'),
            below('t', refusing('ask', '?', 'no')),
            until('t', 'DELAYED'),
        ),
        'RUNNING',
        below_the_last('t', answering('ask', '?', 'yes')),
        output={'r': 'yes'},
    ),
    Story(
        'retry of a join that lacks a branch',
        and_then(starting('retry_failed_join'), until('j', 'WAITING'), until('b', 'ERROR')),
        'RUNNING',
        output={'rescued': True},
    ),
    Story(
        'retry of a join that has run',
        and_then(
            asking('retry_joined', 'j', 3), refusing('j', 3, 'no'), until('j', 'WAITING', 'DELAYED')
        ),
        'RUNNING',
        answering('j', 3, 'yes'),
        output={'r': 'yes'},
    ),
    Story(
        'a time limit',
        and_then(starting('timed_out'), until('t', 'RUNNING')),
        'RUNNING',
        output={'late': True},
    ),
)

#: Its delay takes ten years.
NOT_YET: Final = Story(
    'a delay that is not over yet',
    and_then(starting('not_yet'), until('t', 'DELAYED')),
    'RUNNING',
)
