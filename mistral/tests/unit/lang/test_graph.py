import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistral.lang.graph import compile_workflow
from mistral.lang.specs import (
    CLAUSES,
    OnClauseSpec,
    PoliciesSpec,
    PublishSpec,
    RetrySpec,
    TaskDefaultsSpec,
    TaskSpec,
    TransitionSpec,
    WorkflowSpec,
)


def _to(*names: str) -> OnClauseSpec:
    return OnClauseSpec(tuple(map(TransitionSpec, names)))


def _workflow(*tasks: TaskSpec, defaults: TaskDefaultsSpec | None = None, type='direct'):
    return WorkflowSpec(
        'wf', type=type, task_defaults=defaults, tasks={task.name: task for task in tasks}
    )


def test_edges_in_both_directions():
    graph = compile_workflow(
        _workflow(
            TaskSpec('a', on_clauses={'on-success': _to('b', 'c', 'b', 'noop')}),
            TaskSpec('b', on_clauses={'on-error': _to('c'), 'on-skip': _to('c')}),
            TaskSpec('c', on_clauses={'on-complete': _to('c', 'fail')}),
            TaskSpec('d'),
        )
    )
    assert {name: node.outbound for name, node in graph.nodes.items()} == {
        'a': ('b', 'c'),
        'b': ('c',),
        'c': ('c',),
        'd': (),
    }
    assert {name: node.inbound for name, node in graph.nodes.items()} == {
        'a': (),
        'b': ('a',),
        'c': ('a', 'b', 'c'),
        'd': (),
    }
    assert graph.start_tasks == ('a', 'd')
    assert graph.nodes['a'].name == 'a'
    assert tuple(graph.nodes['d'].transitions) == CLAUSES


def test_a_task_goes_before_an_engine_command_of_its_name():
    graph = compile_workflow(
        _workflow(TaskSpec('a', on_clauses={'on-success': _to('fail')}), TaskSpec('fail'))
    )
    assert graph.nodes['fail'].inbound == ('a',)
    assert graph.start_tasks == ('a',)


def test_unknown_targets_lead_nowhere():
    graph = compile_workflow(_workflow(TaskSpec('a', on_clauses={'on-success': _to('ghost')})))
    assert graph.nodes['a'].outbound == ()
    assert graph.nodes['a'].transitions['on-success'] == (TransitionSpec('ghost'),)


def test_default_transitions():
    only_publish = OnClauseSpec(publish=PublishSpec({'x': 1}))
    graph = compile_workflow(
        _workflow(
            TaskSpec('own', on_clauses={'on-error': _to('noop')}),
            TaskSpec('publishing', on_clauses={'on-error': only_publish}),
            TaskSpec('plain'),
            TaskSpec('target'),
            defaults=TaskDefaultsSpec(on_clauses={'on-error': _to('target', 'plain')}),
        )
    )
    targets = {
        name: [entry.target for entry in node.transitions['on-error']]
        for name, node in graph.nodes.items()
    }
    assert targets == {
        'own': ['noop'],
        'publishing': ['target', 'plain'],
        'plain': ['target'],
        'target': ['plain'],
    }
    assert graph.nodes['target'].inbound == ('publishing', 'plain')


def test_policies_of_a_task_go_before_the_defaults_even_when_off():
    defaults = TaskDefaultsSpec(
        policies=PoliciesSpec(wait_before=5, timeout=10, fail_on=True, retry=RetrySpec(3, 1))
    )
    own = PoliciesSpec(wait_before=0, fail_on=False, concurrency=2, retry=RetrySpec(1, 0))
    graph = compile_workflow(
        _workflow(TaskSpec('a', policies=own), TaskSpec('b'), defaults=defaults)
    )
    assert graph.nodes['a'].policies == PoliciesSpec(
        wait_before=0, timeout=10, fail_on=False, concurrency=2, retry=RetrySpec(1, 0)
    )
    assert graph.nodes['b'].policies == defaults.policies


@pytest.mark.parametrize(
    ('own', 'default', 'expected'),
    [
        (None, None, False),
        (None, True, True),
        (False, True, False),
        ('<% $.x %>', False, '<% $.x %>'),
    ],
)
def test_safe_rerun(own, default, expected):
    defaults = TaskDefaultsSpec(safe_rerun=default)
    graph = compile_workflow(_workflow(TaskSpec('a', safe_rerun=own), defaults=defaults))
    assert graph.nodes['a'].safe_rerun == expected


def test_reverse_workflows_have_requirements_only():
    graph = compile_workflow(
        _workflow(
            TaskSpec('a', on_clauses={'on-success': _to('b')}),
            TaskSpec('b', requires=('a', 'b', 'a')),
            TaskSpec('c', requires=('b', 'a')),
            defaults=TaskDefaultsSpec(requires=('a',), on_clauses={'on-error': _to('a')}),
            type='reverse',
        )
    )
    assert {name: node.requires for name, node in graph.nodes.items()} == {
        'a': (),
        'b': ('a',),
        'c': ('b', 'a'),
    }
    assert {name: node.required_by for name, node in graph.nodes.items()} == {
        'a': ('b', 'c'),
        'b': ('c',),
        'c': (),
    }
    assert graph.start_tasks == ()
    assert all(not node.inbound and not node.outbound for node in graph.nodes.values())
    assert not any(any(node.transitions.values()) for node in graph.nodes.values())


def test_direct_workflows_require_nothing():
    graph = compile_workflow(
        _workflow(TaskSpec('a', requires=('b',)), TaskSpec('b'), defaults=TaskDefaultsSpec())
    )
    assert graph.nodes['a'].requires == ()
    assert graph.nodes['b'].required_by == ()


_names = st.sampled_from(['a', 'b', 'c', 'd', 'noop', 'fail', 'ghost'])
_clauses = st.dictionaries(
    st.sampled_from(CLAUSES), st.lists(_names, max_size=4).map(lambda names: _to(*names))
)
_requires = st.lists(_names, max_size=3).map(tuple)
_tasks = st.lists(
    st.builds(TaskSpec, name=_names, on_clauses=_clauses, requires=_requires),
    min_size=1,
    unique_by=lambda task: task.name,
)
_defaults = st.none() | st.builds(TaskDefaultsSpec, on_clauses=_clauses, requires=_requires)


@settings(max_examples=50)
@given(_tasks, _defaults, st.sampled_from(['direct', 'reverse']))
def test_edges_of_random_graphs_agree(tasks, defaults, type):
    graph = compile_workflow(_workflow(*tasks, defaults=defaults, type=type))
    assert list(graph.nodes) == [task.name for task in tasks]
    order = {name: position for position, name in enumerate(graph.nodes)}
    for name, node in graph.nodes.items():
        assert set(node.inbound) == {n for n in graph.nodes if name in graph.nodes[n].outbound}
        assert set(node.required_by) == {n for n in graph.nodes if name in graph.nodes[n].requires}
        assert list(node.inbound) == sorted(set(node.inbound), key=order.__getitem__)
        assert name not in node.requires
        assert (name in graph.start_tasks) == (type == 'direct' and not node.inbound)
