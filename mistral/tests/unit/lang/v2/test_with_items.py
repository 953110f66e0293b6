import pytest

from mistral.tests.unit.lang.support import BAD_YAQL, failure, parse_task, reason, task_text


@pytest.mark.parametrize(
    ('text', 'items'),
    [
        ('i in [1, 2]', {'i': [1, 2]}),
        ('i in ["a", {"b": null}]', {'i': ['a', {'b': None}]}),
        ('i in ["<% $.x %>"]', {'i': ['<% $.x %>']}),
        ('i in [ ]', {'i': []}),
        ('xin[1]', {'x': [1]}),
        ('  i   in   [1]', {'i': [1]}),
        ('i in <% $.list %>', {'i': '<% $.list %>'}),
        ('i in {{ _.list }}', {'i': '{{ _.list }}'}),
        ('i in <% $.list %> ignored <% * %>', {'i': '<% $.list %>'}),
        ('my-var_1 in <% $.x %>', {'my-var_1': '<% $.x %>'}),
    ],
)
def test_one_list(text, items):
    quoted = text.replace("'", "''")
    assert parse_task(f"with-items: '{quoted}'").with_items == items
    assert parse_task(f"with-items: ['{quoted}']").with_items == items


def test_several_lists():
    task = parse_task('with-items: [i in <% $.a %>, j in <% $.b %>, i in <% $.c %>]')
    assert task.with_items == {'i': '<% $.c %>', 'j': '<% $.b %>'}


@pytest.mark.parametrize('text', ['things', 'i of <% $.a %>', 'x in y', 'x in []', 'in <% $.x %>'])
def test_wrong_form(text):
    assert reason(task_text(f"with-items: '{text}'")) == (
        "Wrong format of 'with-items' property. Please use format"
        " 'var in {[some, list] | <% $.array %> }:"
        f" {{'with-items': '{text}', 'type': 'direct', 'name': 't', 'version': '2.0'}}"
    )


@pytest.mark.parametrize(
    ('items', 'error'),
    [
        ('[a, b]', 'Expecting value: line 1 column 2 (char 1)'),
        ('[1', None),
        ('[' * 2000 + ']' * 2000, 'nested too deeply'),
        ('[' * 150 + ']' * 150, 'nested too deeply'),
    ],
)
def test_lists_must_be_json(items, error):
    text = task_text(f"with-items: 'x in {items}'")
    if error is None:
        assert reason(text).startswith("Wrong format of 'with-items' property.")
    else:
        assert reason(text) == f"Invalid array in 'with-items' clause: {items}, error: {error}"


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('[i in <% $.a %>, 12]', "12 is not of type 'string'"),
        ("''", "'' should be non-empty"),
        ('{i: <% $.a %>}', "{'i': '<% $.a %>'} is not valid under any of the given schemas"),
        (
            '[i in <% 1 %>, i in <% 1 %>]',
            "['i in <% 1 %>', 'i in <% 1 %>'] has non-unique elements",
        ),
    ],
)
def test_wrong_shapes(text, expected):
    assert reason(task_text(f'with-items: {text}')) == f'Invalid DSL: {expected}'


@pytest.mark.parametrize(
    ('text', 'path'),
    [
        ('i in <% * %>', ''),
        ('[i in <% 1 %>, j in <% * %>]', '[1]'),
        ('\'i in [1, "<% * %>"]\'', '[1]'),
    ],
)
def test_expressions_are_checked(text, path):
    [problem] = failure(task_text(f'with-items: {text}')).problems
    assert problem.message == BAD_YAQL
    assert problem.path == f'wf.tasks.t.with-items{path}'


def test_the_wrong_one_of_several_is_pointed_at():
    [problem] = failure(task_text('with-items: [i in <% $.a %>, nothing]')).problems
    assert problem.path == 'wf.tasks.t.with-items[1]'
