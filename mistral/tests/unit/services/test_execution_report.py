"""The report of an execution and the walk through its tree."""

import datetime

import pytest

from mistral.services.execution_report import (
    ReportOptions,
    build_report,
    estimate_seconds_left,
)
from mistral.services.execution_tree import ExecutionTree

NOW = datetime.datetime.fromisoformat('2026-01-01 12:00:00')


def row(name, state, **more):
    times = {'created_at': NOW, 'updated_at': NOW}
    return {'id': name, 'name': name, 'state': state, 'state_info': None, **times, **more}


def task(name, state, **context):
    return row(name, state, runtime_context=context)


def action(name, state):
    return row(name, state, accepted=True, last_heartbeat=NOW)


ROOT = row('root', 'RUNNING')
TREE = ExecutionTree(
    tasks={
        'root': [task('fine', 'SUCCESS'), task('call', 'ERROR'), task('late', 'DELAYED')],
        'child': [task('bad', 'ERROR', retry_task_policy={'retry_no': 2})],
    },
    executions={'call': [row('child', 'ERROR')]},
    actions={'fine': [action('std.noop', 'SUCCESS')]},
)


def report(**options):
    return build_report(TREE, ROOT, ReportOptions(**options), estimated_time=-1)


def names(entries):
    return [entry['name'] for entry in entries]


def test_report_shows_the_tree():
    root = report()['root_workflow_execution']

    assert list(root) == [
        'task_executions',
        'id',
        'name',
        'created_at',
        'updated_at',
        'state',
        'state_info',
    ]
    fine, call, _ = root['task_executions']
    assert names(fine['action_executions']) == ['std.noop']
    assert fine['workflow_executions'] == []
    (child,) = call['workflow_executions']
    assert names(child['task_executions']) == ['bad']
    assert child['task_executions'][0]['retry_count'] == 2


def test_statistics_count_all_tasks_in_total():
    statistics = report()['statistics']

    assert list(statistics) == [
        'total_tasks_count',
        'running_tasks_count',
        'success_tasks_count',
        'error_tasks_count',
        'idle_tasks_count',
        'paused_tasks_count',
        'estimated_time',
    ]
    assert statistics['total_tasks_count'] == 4
    assert statistics['success_tasks_count'] == 1
    assert statistics['error_tasks_count'] == 2


def test_depth_zero_shows_sub_workflows_without_tasks():
    answer = report(max_depth=0)

    assert answer['statistics']['total_tasks_count'] == 3
    (child,) = answer['root_workflow_execution']['task_executions'][1]['workflow_executions']
    assert 'task_executions' not in child


def test_statistics_only():
    assert list(report(statistics_only=True)) == ['statistics']


def test_walk():
    assert names(TREE.walk(ROOT)) == ['root', 'child']


def seconds(count):
    return NOW + datetime.timedelta(seconds=count)


def earlier(*durations):
    return [{'created_at': NOW, 'updated_at': seconds(duration)} for duration in durations]


@pytest.mark.parametrize(
    ('state', 'before', 'estimate'),
    [
        ('SUCCESS', earlier(10), 0),
        ('RUNNING', [], -1),
        ('RUNNING', earlier(10, 20), 12),
        ('RUNNING', earlier(1), 1),
    ],
)
def test_estimate(state, before, estimate):
    root = {'state': state, 'created_at': NOW}

    assert estimate_seconds_left(root, before, now=seconds(3)) == estimate


def test_action_without_an_executor_was_alive_when_it_was_created():
    waiting = row('std.async_noop', 'RUNNING', accepted=False, last_heartbeat=None)
    tree = ExecutionTree({'root': [task('t', 'RUNNING')]}, {}, {'t': [waiting]})
    entry = build_report(tree, ROOT, ReportOptions(), estimated_time=-1)
    (shown,) = entry['root_workflow_execution']['task_executions'][0]['action_executions']

    assert shown['last_heartbeat'] == NOW
