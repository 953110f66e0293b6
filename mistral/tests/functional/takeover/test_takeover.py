"""After `mistral-db-manage upgrade head` on a database of Mistral 23 all its work goes on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from mistral.tests.functional.service.processes import ServerProcess, run
from mistral.tests.functional.service.rest import ENDED
from mistral.tests.functional.takeover import delayed, finished, paused, running
from mistral.tests.functional.takeover.steps import Steps
from mistral.tests.functional.takeover.stories import ANY, Story
from mistral.tests.waiting import wait_for

STORIES: Final = [
    pytest.param(group, story, id=f'{group}: {story.name}')
    for group, module in (
        ('delayed', delayed),
        ('delayed, default scheduler', delayed),
        ('paused', paused),
        ('running', running),
    )
    for story in module.STORIES
]

Answers = Mapping[str, Any]


@pytest.mark.parametrize(('group', 'story'), STORIES)
def test_interrupted_execution_goes_on(
    steps: Steps, answers: Answers, group: str, story: Story
) -> None:
    id_ = answers['ids'][group][story.name]
    assert answers['executions'][id_]['state'] == story.interrupted
    story.go_on(steps, id_)
    assert steps.rest.wait_until_ended([id_]) == {id_: story.state}
    if story.output is not ANY:
        assert steps.rest.execution(id_)['output'] == story.output


def test_executions_that_were_killed_end(steps: Steps, answers: Answers) -> None:
    """Those had actions, results and starts of tasks on their way."""
    ids = answers['ids']['busy'].values()
    assert set(steps.rest.wait_until_ended(ids).values()) == {'SUCCESS'}
    for id_ in ids:
        assert steps.rest.execution(id_)['output'] == running.BUSY_OUTPUT


def test_actions_that_were_killed_are_repeated_or_fail(steps: Steps, answers: Answers) -> None:
    ids = answers['ids']['killed']
    assert steps.rest.wait_until_ended(ids.values()) == {
        ids['calling']: 'ERROR',
        ids['sleeping']: 'SUCCESS',
    }
    unknown = 'it is not known whether the action was carried out'
    assert unknown in steps.task(ids['calling'], 'call')['state_info']


def test_a_failed_task_runs_again(steps: Steps, answers: Answers) -> None:
    id_ = answers['ids']['finished'][finished.RERUN]
    steps.rerun(steps.task(id_, 'bad')['id'], do='std.noop')
    assert steps.rest.wait_until_ended([id_]) == {id_: 'SUCCESS'}
    assert steps.rest.execution(id_)['output'] == {'x': 1, 'y': 2, 'z': 2}


def test_only_failed_items_run_again(steps: Steps, answers: Answers) -> None:
    id_ = answers['ids']['finished'][finished.RERUN_ITEMS]
    steps.rerun(steps.task(id_, 't')['id'], reset=False)
    steps.wait_for_question(id_, 't', 2)
    assert steps.questions(id_, 't').keys() == {2}
    steps.answer(id_, 't', 2, 20)
    assert steps.rest.wait_until_ended([id_]) == {id_: 'SUCCESS'}
    assert steps.rest.execution(id_)['output'] == {'r': [10, 20, 30, 40]}


def test_a_failed_join_runs_when_its_branches_are_there(steps: Steps, answers: Answers) -> None:
    id_ = answers['ids']['finished'][finished.RERUN_JOIN]
    # It has got no more branches than before.
    steps.rerun(steps.task(id_, 'j')['id'])
    assert steps.rest.wait_until_ended([id_]) == {id_: 'ERROR'}
    steps.skip(steps.task(id_, 'b')['id'])
    assert steps.rest.wait_until_ended([id_]) == {id_: 'SUCCESS'}
    assert steps.task(id_, 'j')['state'] == 'SUCCESS'


@pytest.mark.parametrize('name', ['stopped as success', 'stopped as error'])
def test_a_late_answer_changes_nothing(steps: Steps, answers: Answers, name: str) -> None:
    id_ = answers['ids']['finished'][name]
    before = steps.rest.execution(id_)
    task = 'body' if name == 'stopped as success' else 't'
    steps.answer_all(id_, task)
    assert steps.rest.execution(id_) == before


def test_an_action_on_its_own_gets_its_answer(steps: Steps, answers: Answers) -> None:
    id_ = answers['ids']['actions']['asking']
    steps.rest.answer(id_, {'answer': 42})
    action = steps.rest.call('GET', f'/action_executions/{id_}')
    assert (action['state'], action['output']) == ('SUCCESS', '{"result": 42}')


def test_old_definitions_run(steps: Steps) -> None:
    ids = {
        steps.start('greet', {'name': 'Eve'}, env='office'): {
            'text': 'Hello, Eve!',
            'loud': 'HELLO, EVE!',
            'by': 'me',
        },
        steps.start('shop.order', {'items': ['tea']}): {'total': 30},
        (blue := steps.start_in('blue', 'blue_root')): {'leaf': 'blue', 'answer': 1},
    }
    steps.answer(steps.child(blue, 'further'), 'ask', 'colour', 1)
    assert set(steps.rest.wait_until_ended(ids).values()) == {'SUCCESS'}
    assert {id_: steps.rest.execution(id_)['output'] for id_ in ids} == ids


def test_a_waiting_execution_can_be_cancelled_and_deleted(steps: Steps, answers: Answers) -> None:
    id_ = answers['ids']['not yet'][delayed.NOT_YET.name]
    steps.change(id_, 'CANCELLED')
    steps.wait_for_state(id_, 'CANCELLED')
    steps.rest.call('DELETE', f'/executions/{id_}')
    assert steps.rest.request('GET', f'/executions/{id_}').status_code == 404


def test_an_old_tree_can_be_deleted(steps: Steps, answers: Answers) -> None:
    id_ = answers['ids']['finished']['tree']
    steps.rest.call('DELETE', f'/executions/{id_}')
    remaining = {execution['id'] for execution in steps.rest.executions()}
    gone = {e for e, each in answers['executions'].items() if each['root_execution_id'] == id_}
    assert len(gone) == 6
    assert not remaining & {id_, *gone}


def test_nothing_hangs(steps: Steps) -> None:
    """Runs last: by now all stories are over, here as in every other execution."""
    wait_for(lambda: {e['state'] for e in steps.rest.executions()} <= ENDED, 'end of everything')


def test_a_second_upgrade_changes_nothing(
    server: ServerProcess, database_url: str, tmp_path: Path
) -> None:
    before = server.rest.executions()
    for command in (('upgrade', 'head'), ('populate',)):
        done = run(tmp_path, 'mistral-db-manage', *command, OS_DATABASE__CONNECTION=database_url)
        assert done.returncode == 0, done.stderr
        assert 'Took over' not in done.stderr
    assert server.rest.executions() == before
