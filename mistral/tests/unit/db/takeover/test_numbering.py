"""The order of creation, told from seconds and from what led to what."""

import pytest

from mistral.db.takeover.numbering import number, of_last_run, ran_at
from mistral.tests.unit.db.takeover.support import action, join, task


def order(*tasks):
    numbers = number(tasks)
    assert sorted(numbers.values()) == list(range(len(numbers)))
    return sorted(numbers, key=numbers.__getitem__)


def test_earlier_seconds_come_first():
    assert order(task('a', 2), task('b', 0, children=[action('x', 1)])) == ['b', 'x', 'a']


@pytest.mark.parametrize('ids', ['abc', 'cba', 'bca'])
def test_within_a_second_what_led_there_comes_first(ids):
    first, second, third = ids
    tasks = [
        task(third, after=[second]),
        task(first, children=[action(f'{first}!')]),
        task(second, after=[first]),
    ]
    assert order(*tasks) == [first, f'{first}!', second, third]


def test_a_task_comes_after_the_children_of_one_that_began_earlier():
    tasks = [task('a', 0, children=[action('x', 1)]), task('b', 1, after=['a'])]
    assert order(*tasks) == ['a', 'x', 'b']


def test_a_join_runs_after_all_that_led_to_it():
    tasks = [
        task('a', children=[action('z')]),
        join('j', after=['a', 'b'], children=[action('c')]),
        task('b', after=['a']),
        task('d', after=['j']),
    ]
    found = order(*tasks)
    assert found.index('a') < found.index('z') < found.index('b') < found.index('c')
    assert found[-1] == 'd'


def test_a_loop_ends():
    body = task('body', after=['j'])
    assert set(order(join('j', after=['body']), body)) == {'j', 'body'}


def test_unknown_origins_do_not_matter():
    assert order(task('a', after=['gone'])) == ['a']


def test_children_of_the_last_run_of_a_join():
    children = [action('first', 1), action('second', 5)]
    twice = join(started=5, children=children)
    assert [child.id for child in of_last_run(twice)] == ['second']
    assert ran_at(twice, number([twice])) == 2
    once = join(started=1, children=children)
    assert ran_at(once, number([once])) == 1
    never = join()
    assert ran_at(never, number([never])) is None


def test_all_children_of_other_tasks_are_of_one_run():
    retried = task(started=5, children=[action('first', 1), action('second', 6)])
    assert len(of_last_run(retried)) == 2
