"""The texts that are stored with workflows and actions."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral.lang.definitions import cut, dump
from mistral.lang.yaml_loader import load
from mistral.tests.unit.lang.support import PARSER


def test_a_workflow_alone_keeps_its_text():
    text = "# a comment\nversion:   2\nwf: {tasks: {t: {action: 'std.noop'}}}\n"
    [definition] = PARSER.parse_workflows(text)
    assert definition.text == text


def test_one_of_several_workflows_gets_a_text_of_its_own():
    first, second = PARSER.parse_workflows(
        textwrap.dedent(
            """\
            b: {tasks: {t: {action: std.noop}}}  # a comment
            version: '2.0'
            a:
              output: {x: é, &y : 1}
              tasks: {t: {action: '2020-01-01'}}
            """
        )
    )
    assert first.text == "version: '2.0'\nb:\n  tasks:\n    t:\n      action: std.noop\n"
    assert second.text == (
        "version: '2.0'\n"
        'a:\n'
        '  output:\n'
        '    x: é\n'
        "    '&y': 1\n"
        '  tasks:\n'
        '    t:\n'
        "      action: '2020-01-01'\n"
    )


def test_actions_keep_the_whole_text():
    text = "version: '2.0'\na: {base: std.noop}\nb: {base: std.echo}\n"
    assert [definition.text for definition in PARSER.parse_actions(text)] == [text, text]


def test_members_of_a_workbook_are_cut_out():
    workbook = PARSER.parse_workbook(
        textwrap.dedent(
            """\
            version: '2.0'
            name: wb

            workflows:
              # about main
              main:
                # inside
                output:
                  text: |
                    é first
                      second

                tasks:
                  t: {action: std.noop}  # after

              # about other
              "other": {tasks: {t: {action: std.noop}}}
            # about actions
            actions:
              act:
                base: std.echo
                # at the end
            tags: [a]
            """
        )
    )
    main, other = workbook.workflows
    assert main.text == (
        'main:\n'
        '  # inside\n'
        '  output:\n'
        '    text: |\n'
        '      é first\n'
        '        second\n'
        '\n'
        '  tasks:\n'
        '    t: {action: std.noop}  # after\n'
    )
    assert other.text == '"other": {tasks: {t: {action: std.noop}}}\n'
    assert workbook.actions[0].text == 'act:\n  base: std.echo\n  # at the end\n'


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('workflows: {w: {a: 1}, v: {b: 2}}', 'w: {a: 1}\n'),
        ('{workflows: {v: {b: 2}, "w": {a: 1}}}', '"w": {a: 1}\n'),
        ('workflows: {v: {b: 2}, w: {a:\n  1}}', 'w: {a:\n1}\n'),
        ('workflows:\r\n  w:\r\n    a: 1\r\n', 'w:\r\n  a: 1\n'),
        ('workflows:\n  w:\n  - 1\n  - 2\n', 'w:\n- 1\n- 2\n'),
        ('# é 𝄞\u2028workflows:\n  w: {a: 𝄞}\n', 'w: {a: 𝄞}\n'),
        ('workflows:\n  ? w\n  : {a: 1}\n', 'w:\n  a: 1\n'),
        ('workflows:\n  w: {a: "x\n    y"}\n', 'w: {a: "x\n  y"}\n'),
        ('workflows:\n  w: |+\n    x\n\n\nb: 1', "w: 'x\n\n\n\n  '\n"),
        ('workflows: {<<: {w: {a: 1}}}', 'w: {a: 1}\n'),
        ('workflows: {w: {1: x}}', "w:\n  '1': x\n"),
    ],
)
def test_odd_layouts(text, expected):
    assert cut(load(text).with_text_keys(), 'workflows', 'w') == expected


_texts = st.text(st.characters(codec='utf-8', exclude_categories=['Cs']), max_size=15)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=15,
)


@given(st.dictionaries(_texts, _values, max_size=4))
def test_what_is_written_is_read_back(data):
    text = dump(data)
    assert load(text).data == data
    assert dump(load(text).data) == text


def test_values_used_twice_are_written_twice():
    shared = {'a': 1}
    assert dump({'x': shared, 'y': shared}) == 'x:\n  a: 1\ny:\n  a: 1\n'
