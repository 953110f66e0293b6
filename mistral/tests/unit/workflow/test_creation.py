"""Starting a workflow: input, environment, vars; a start that fails leaves nothing (3 and 22)."""

import re

import pytest

from mistral import states
from mistral.exceptions import EvaluationException, InputException
from mistral.tests.world import World
from mistral.workflow import events


def define(world: World, head: str) -> None:
    world.define(f'wf:\n  {head}\n  tasks: {{t: {{action: std.async_noop}}}}')


class TestInput:
    @pytest.mark.parametrize(
        ('given', 'stored'),
        [
            ({'a': 1}, {'a': 1, 'b': 5, 'c': None}),
            ({'a': None, 'b': None, 'c': [1]}, {'a': None, 'b': None, 'c': [1]}),
            ({'a': '<% 1 + 1 %>'}, {'a': '<% 1 + 1 %>', 'b': 5, 'c': None}),
        ],
    )
    def test_defaults_fill_what_is_missing(self, world: World, given, stored):
        define(world, 'input: [a, b: 5, c: null]')
        assert world.execution(world.start('wf', given)).input == stored

    @pytest.mark.parametrize(
        ('given', 'problem'),
        [
            ({}, "missing=['a']"),
            ({'a': 1, 'z': 2}, "unexpected=['z']"),
            ({'z': 2}, "missing=['a'], unexpected=['z']"),
        ],
    )
    def test_names_have_to_match(self, world: World, given, problem):
        define(world, 'input: [a]')
        with pytest.raises(InputException) as e:
            world.start('wf', given)
        assert str(e.value) == f'Invalid input [name=wf, class=DirectWorkflowSpec, {problem}]'

    def test_a_default_is_taken_as_it_is_written(self, world: World):
        define(world, 'input: [a: "<% 1 + 1 %>"]\n  output: {a: <% $.a %>}')
        id_ = world.start('wf')
        world.end(id_, 't')
        assert world.execution(id_).output == {'a': '<% 1 + 1 %>'}


class TestVars:
    def test_they_see_input_and_environment_but_not_each_other(self, world: World):
        define(world, 'input: [a]\n  vars: {v: "<% $.a + env().k %>", w: "<% $.get(v, none) %>"}')
        context = world.execution(world.start('wf', {'a': 1}, env={'k': 2})).context
        assert (context['v'], context['w']) == (3, 'none')

    def test_a_bad_expression_refuses_the_start(self, world: World):
        define(world, 'vars: {v: <% $.nope.x %>}')
        with pytest.raises(EvaluationException) as e:
            world.start('wf')
        assert str(e.value) == (
            "Can not evaluate YAQL expression [expression=$.nope.x, error='nope']"
        )
        assert world.storage.executions.stored == {}


class TestEnvironment:
    @pytest.mark.parametrize(
        ('params', 'env'),
        [
            ({}, {}),
            ({'env': {'a': 1, 'b': '<% env().a %>'}}, {'a': 1, 'b': 1}),
            ({'env': {'a': 1, 'b': '<% env().a %>'}, 'evaluate_env': False},
             {'a': 1, 'b': '<% env().a %>'}),
            ({'env': {'a': {'deep': ['<% 1 + 1 %>']}}}, {'a': {'deep': [2]}}),
            ({'env': 'stored'}, {'s': 3}),
        ],
    )  # fmt: skip
    def test_it_is_given_or_named_and_evaluated_once(self, world: World, params, env):
        world.environments['stored'] = {'s': '<% 1 + 2 %>'}
        define(world, 'tags: [t]')
        assert world.execution(world.start('wf', **params)).params['env'] == env

    @pytest.mark.parametrize(
        ('env', 'text'),
        [
            ('nowhere', 'Environment is not found: nowhere'),
            (5, "Unexpected value type for environment [env=5, type=<class 'int'>]"),
        ],
    )
    def test_a_bad_one_refuses_the_start(self, world: World, env, text):
        define(world, 'tags: [t]')
        with pytest.raises(InputException, match=re.escape(text)):
            world.start('wf', env=env)

    def test_a_change_is_seen_by_the_whole_tree(self, world: World):
        world.define("""
sub: {tasks: {t: {action: std.async_noop, publish: {k: <% env().k %>}}}}
wf: {tasks: {t: {workflow: sub}}}
""")
        id_ = world.run_workflow('wf', env={'k': 1})
        world.ask(id_, events.Pause())
        world.ask(id_, events.Resume(env={'k': 2}))
        (sub_id,) = world.subworkflows(id_)
        world.end(sub_id, 't')
        assert world.execution(id_).state == states.SUCCESS
        assert world.result(id_, 't') == {'k': 2}

    def test_it_may_hold_defaults_for_actions_in_the_whole_tree(self, world: World):
        world.define("""
sub: {tasks: {t: {action: std.echo}}}
wf:
  tasks:
    a: {action: std.echo}
    b: {action: std.echo output="own"}
    c: {workflow: sub}
""")
        id_ = world.run_workflow('wf', env={'__actions': {'std.echo': {'output': 'default'}}})
        assert [world.result(id_, name) for name in 'ab'] == ['default', 'own']
        assert world.result(world.subworkflows(id_)[0], 't') == 'default'
