"""What holds for every text: it is parsed or refused with a clear error, and nothing gets lost."""

import contextlib
import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mistral.exceptions import DSLParsingException
from mistral.lang.definitions import dump
from mistral.lang.graph import compile_workflow
from mistral.lang.parser import action_from_raw, workflow_from_raw
from mistral.tests.unit.lang.support import PARSER

_NAMES = st.sampled_from(['a', 'b', 'my-t', 'my task', 'fail', 'noop', 'é', 'version', '1'])
_TEXTS = st.sampled_from(
    [
        'std.echo output="x" n=[1, {"a": 2}]',
        '<% $.x %>',
        '<% * %>',
        '{{ _.y }}  ',
        '<% $.x %> {{ _.y }}',
        'i in [1, 2]',
        'i in <% $.x %>',
        'count=1 delay=2',
        'fail(msg="x")',
        'all',
        'a',
        'b',
        '',
        ' ',
    ]
)
_SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS | st.text(max_size=5) | _NAMES
)
_KEYS = _NAMES | st.integers() | st.booleans() | st.none()
_DATA = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)


def _mappings(*keys: str, values: st.SearchStrategy = _DATA) -> st.SearchStrategy:
    """Mappings with some of the keys and values that may or may not fit them."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(keys, values))


_TARGETS = _NAMES | st.lists(_NAMES | st.dictionaries(_NAMES, _TEXTS, max_size=1), max_size=3)
_CLAUSES = _TARGETS | _mappings('next', values=_TARGETS) | _DATA
_TASKS = st.one_of(
    _DATA,
    st.fixed_dictionaries({'action': _TEXTS}),
    st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(('on-success', 'on-error', 'on-complete', 'on-skip'), _CLAUSES),
            **dict.fromkeys(('action', 'workflow', 'input', 'with-items', 'retry'), _TEXTS | _DATA),
            **dict.fromkeys(('publish', 'timeout', 'join', 'requires', 'fail-on', 'on'), _DATA),
        },
    ),
)
_WORKFLOWS = st.fixed_dictionaries(
    {'tasks': st.dictionaries(_KEYS, _TASKS, max_size=4) | _DATA},
    optional={
        'type': st.sampled_from(['direct', 'reverse', 'odd']),
        'task-defaults': _mappings('retry', 'on-error', 'on-success', 'requires', 'safe-rerun'),
        **dict.fromkeys(('input', 'vars', 'output', 'output-on-error', 'tags'), _DATA),
    },
)
_ACTIONS = _mappings('base', 'base-input', 'input', 'output', 'description', 'tags')
_VERSIONS = st.sampled_from(['2.0', 2.0, 2, None, -1, 'x'])


def _parse_all(text: str, *, validate: bool):
    for parse in (PARSER.parse_workflows, PARSER.parse_actions, PARSER.parse_workbook):
        with contextlib.suppress(DSLParsingException):
            yield parse(text, validate=validate)


def _check(text: str) -> None:
    for _ in _parse_all(text, validate=True):
        pass
    for _ in _parse_all(text, validate=False):
        pass


@given(st.text(max_size=60))
@example('[' * 10_000)
@example('a: ' + '{' * 10_000)
@example("version: '2.0'\nwf: " + '[' * 99 + ']' * 99)
@example('version: 1e400\nwf: .nan')
def test_any_text_is_parsed_or_refused(text):
    _check(text)


@given(_DATA)
def test_any_yaml_is_parsed_or_refused(data):
    _check(dump(data))


@settings(max_examples=50)
@given(_VERSIONS, st.dictionaries(_KEYS, _WORKFLOWS, max_size=2))
def test_workflows_are_parsed_or_refused(version, workflows):
    _check(dump({'version': version, **workflows}))


@settings(max_examples=50)
@given(_VERSIONS, st.dictionaries(_KEYS, _ACTIONS, max_size=2))
def test_actions_are_parsed_or_refused(version, actions):
    _check(dump({'version': version, **actions}))


@settings(max_examples=50)
@given(
    _VERSIONS,
    _SCALARS,
    st.dictionaries(_KEYS, _WORKFLOWS, max_size=2) | _DATA,
    st.dictionaries(_KEYS, _ACTIONS, max_size=2) | _DATA,
)
def test_workbooks_are_parsed_or_refused(version, name, workflows, actions):
    _check(dump({'version': version, 'name': name, 'workflows': workflows, 'actions': actions}))


_GOOD_GUARDS = st.dictionaries(
    st.sampled_from('abc'), st.sampled_from(['<% $.x %>', '{{ _.y }}  ']), min_size=1, max_size=1
)
_GOOD_TARGETS = st.sampled_from(['a', 'b', 'c', 'noop', 'fail msg="x"', 'fail(msg="x")'])
_GOOD_CLAUSES = st.one_of(
    _GOOD_TARGETS,
    _GOOD_GUARDS,
    st.lists(_GOOD_TARGETS | _GOOD_GUARDS, min_size=1, max_size=3, unique_by=repr),
    st.fixed_dictionaries(
        {'publish': st.just({'branch': {'v': 1}})}, optional={'next': _GOOD_TARGETS}
    ),
)
_GOOD_TASKS = st.fixed_dictionaries(
    {'action': st.sampled_from(['std.noop', 'std.echo output=1.5 x={"a": [1]}'])},
    optional={
        'input': st.just({'a': '<% $.x %>', 'b': [1, {'2': None}]}) | st.just('<% $.x %>'),
        'with-items': st.sampled_from(['i in [1, 2]', ['i in <% $.x %>', 'j in {{ _.y }}']]),
        'retry': st.sampled_from(['count=1 delay=2', {'count': '<% $.n %>', 'delay': 0}]),
        'timeout': st.sampled_from([0, 5, 1.0, '<% $.x %>']),
        'fail-on': st.booleans(),
        'on-success': _GOOD_CLAUSES,
        'on-error': _GOOD_CLAUSES,
    },
)
_GOOD_WORKFLOWS = st.fixed_dictionaries(
    {
        'tasks': st.fixed_dictionaries(
            {'start': _GOOD_TASKS, 'a': _GOOD_TASKS, 'b': _GOOD_TASKS, 'c': _GOOD_TASKS}
        )
    },
    optional={
        'input': st.just(['x', {'y': None}, {'z': [1]}]),
        'output': st.just({'o': '<% $.x %>'}),
        'task-defaults': st.just({'on-complete': ['a', 'noop'], 'retry': 'count=1 delay=1'}),
        'tags': st.just(['t']),
        'description': st.just('d'),
    },
)


@settings(max_examples=40)
@given(_GOOD_WORKFLOWS, _GOOD_WORKFLOWS)
def test_a_specification_survives_storage_and_writing(first, second):
    text = dump({'version': '2.0', 'first': first, 'second': second})
    for definition in PARSER.parse_workflows(text):
        spec = definition.spec
        assert workflow_from_raw(spec.raw) == spec
        assert workflow_from_raw(json.loads(json.dumps(spec.raw))) == spec
        [again] = PARSER.parse_workflows(definition.text)
        assert again.spec == spec
        assert again.text == definition.text
        assert 'start' in compile_workflow(spec).start_tasks


@given(
    st.fixed_dictionaries(
        {'base': st.sampled_from(['std.noop', 'std.echo output=1'])},
        optional={
            'input': st.just(['x', {'y': None}]),
            'base-input': st.just({'a': '<% $.x %>'}),
            'output': st.sampled_from([None, 5, '<% $ %>', {'a': ['<% $ %>']}]),
        },
    )
)
def test_an_action_survives_storage(raw):
    text = dump({'version': '2.0', 'act': raw})
    [definition] = PARSER.parse_actions(text)
    assert action_from_raw(json.loads(json.dumps(definition.spec.raw))) == definition.spec


@settings(max_examples=40)
@given(_GOOD_WORKFLOWS, st.booleans())
def test_a_member_of_a_workbook_is_the_same_alone(raw, is_flow_style):
    write = json.dumps if is_flow_style else dump
    text = write({'version': '2.0', 'name': 'wb', 'workflows': {'x': raw, 'w': raw, 'z': raw}})
    _, member, _ = PARSER.parse_workbook(text).workflows
    [alone] = PARSER.parse_workflows(f"version: '2.0'\n{member.text}")
    assert alone.spec == member.spec
