import pytest
from mistral_lib.actions import Result
from mistral_lib.exceptions import ActionException as LibActionException

from mistral.actions.adhoc import AdHocAction
from mistral.actions.catalog import CatalogSettings, load_catalog
from mistral.actions.descriptors import instantiate
from mistral.actions.std_actions import AsyncNoOpAction, EchoAction, NoOpAction
from mistral.context import RequestContext
from mistral.exceptions import ActionException
from mistral.tests.unit.actions.doubles import STANDARD, Definitions, PythonEvaluator, installed

GREET = """
greet:
  description: Greets somebody.
  input: [name, {greeting: Hello}]
  base: std.echo
  base-input:
    output: =_['greeting'] + ' ' + _['name']
"""
SHOUT = """
shout:
  input: [name]
  base: greet
  base-input: {name: "=_['name'].upper()"}
  output: =_ + '!'
"""


@pytest.fixture
def definitions():
    return Definitions()


@pytest.fixture
def catalog(definitions):
    packages = installed(
        {
            'mistral.action.providers': {
                'adhoc': 'mistral.actions.adhoc:AdHocActionProvider',
                'legacy': 'mistral.actions.plugins:PluginActionProvider',
            },
            'mistral.actions': STANDARD,
        }
    )
    return load_catalog(CatalogSettings(), definitions, PythonEvaluator(), packages)


@pytest.fixture
def run(catalog):
    """Run an action as the engine does, in this thread."""

    def run(name, parameters=None, context=None, namespace=''):
        descriptor = catalog.find(name, namespace)
        descriptor.check_parameters(parameters or {})
        action = instantiate(descriptor, parameters or {}, context or {})
        value = action.run(None)
        result = value if isinstance(value, Result) else Result(data=value)
        return descriptor.post_process_result(result)

    return run


class TestDescription:
    def test_columns_are_shown(self, definitions, catalog):
        definitions.add(GREET, namespace='n', tags=['t'], created_at='today')
        descriptor = catalog.find('greet', 'n')
        assert descriptor.name == 'greet'
        assert descriptor.description == 'Greets somebody.'
        assert descriptor.params_spec == 'name, greeting'
        assert (descriptor.namespace, descriptor.project_id, descriptor.scope) == (
            'n',
            'p1',
            'private',
        )
        assert descriptor.action_class_name == 'mistral.actions.adhoc.AdHocAction'
        assert (descriptor.id, descriptor.definition) == ('id-1', GREET)
        assert (descriptor.tags, descriptor.is_system) == (['t'], False)
        assert (descriptor.created_at, descriptor.updated_at) == ('today', None)
        assert repr(descriptor) == 'AdHoc action [name=greet]'

    def test_listing_reads_no_specification(self, definitions, catalog):
        definitions.add(GREET, spec=None)
        assert 'greet' in [descriptor.name for descriptor in catalog.find_all()]


class TestParameters:
    @pytest.mark.parametrize(
        ('parameters', 'rest'),
        [
            ({}, "missing=['name']"),
            ({'name': 'Ann', 'title': 'Dr'}, "unexpected=['title']"),
            ({'title': 'Dr'}, "missing=['name'], unexpected=['title']"),
        ],
    )
    def test_are_those_of_the_definition(self, definitions, run, parameters, rest):
        definitions.add(GREET)
        with pytest.raises(LibActionException) as error:
            run('greet', parameters)
        assert str(error.value) == (
            f'Invalid input [name=greet, class=mistral.actions.adhoc.AdHocAction, {rest}]'
        )

    def test_without_any_declared_none_is_accepted(self, definitions, run):
        definitions.add('plain: {base: std.noop}')
        with pytest.raises(LibActionException, match='unexpected'):
            run('plain', {'a': 1})


class TestInput:
    def test_is_computed_from_the_parameters(self, definitions, run):
        definitions.add(GREET)
        assert run('greet', {'name': 'Ann', 'greeting': 'Hi'}) == Result('Hi Ann')

    def test_defaults_fill_in(self, definitions, run):
        definitions.add(GREET)
        assert run('greet', {'name': 'Ann'}) == Result('Hello Ann')

    def test_the_context_is_visible_below_the_parameters(self, definitions, run):
        definitions.add(
            "a: {input: [x], base: std.echo, base-input: {output: \"=[_['x'], _['y']]\"}}"
        )
        assert run('a', {'x': 1}, {'x': 10, 'y': 20}) == Result([1, 20])

    def test_the_scope_comes_with_the_context(self, definitions, run):
        class Context(dict):
            scope = 'the scope'

        definitions.add('a: {base: std.echo, base-input: {output: "=scope"}}')
        assert run('a', context=Context(a=1)) == Result('the scope')
        assert run('a', context={'a': 1}) == Result(None)

    def test_inline_parameters_are_merged_over_base_input(self, definitions, run):
        definitions.add('a: {base: std.echo output="inline", base-input: {output: x, delay: 0}}')
        assert run('a') == Result('inline')


class TestOutput:
    @pytest.mark.parametrize('value', ['x', None, 0, '', [], {}, False])
    def test_is_always_evaluated(self, definitions, run, value):
        definitions.add("""
            a:
              input: [v]
              base: std.echo
              base-input: {output: "=_['v']"}
              output: {got: "=_"}
        """)
        assert run('a', {'v': value}) == Result({'got': value})

    def test_is_passed_through_without_one(self, definitions, run):
        definitions.add(GREET)
        assert run('greet', {'name': 'Ann'}) == Result('Hello Ann')

    @pytest.mark.parametrize('result', [Result(error='no'), Result(cancel=True)])
    def test_is_not_applied_to_failures(self, definitions, catalog, result):
        definitions.add('a: {base: std.noop, output: "=1/0"}')
        assert catalog.find('a').post_process_result(result) == result

    def test_is_applied_to_late_results(self, definitions, catalog):
        definitions.add('a: {base: std.async_noop, output: "=_[\'x\']"}')
        assert catalog.find('a').post_process_result(Result({'x': 1})) == Result(1)


class TestChain:
    def test_input_goes_down_and_output_comes_up(self, definitions, run):
        definitions.add(GREET)
        definitions.add(SHOUT)
        definitions.add("twice: {base: shout name='bob', output: =_ + _}")
        assert run('twice') == Result('Hello BOB!Hello BOB!')

    def test_the_action_is_the_innermost_one(self, definitions, catalog):
        definitions.add(GREET)
        definitions.add(SHOUT)
        action = instantiate(catalog.find('shout'), {'name': 'x'}, {})
        assert type(action) is AdHocAction
        assert action.base_action == EchoAction('Hello X')

    def test_bases_are_of_the_same_namespace_or_the_default_one(self, definitions, run):
        definitions.add('a: {base: std.echo output="default"}')
        definitions.add('b: {base: a}', namespace='n')
        assert run('b', namespace='n') == Result('default')
        definitions.add('a: {base: std.echo output="special"}', namespace='n')
        assert run('b', namespace='n') == Result('special')

    def test_bases_are_of_the_same_workbook_if_it_has_them(self, definitions, run):
        definitions.add('a: {base: std.echo output="global"}')
        definitions.add('wb.a: {base: std.echo output="local"}', workbook_name='wb')
        definitions.add('wb.b: {base: a}', workbook_name='wb')
        definitions.add('wb.c: {base: std.echo output="standard"}', workbook_name='wb')
        definitions.add('not_wb.b: {base: a}')
        assert run('wb.b') == Result('local')
        assert run('wb.c') == Result('standard')
        assert run('not_wb.b') == Result('global')

    def test_bases_are_what_the_caller_sees(self, definitions, catalog):
        definitions.add('secret: {base: std.noop}', project_id='p1')
        definitions.add('open: {base: secret}', project_id='p1', scope='public')
        descriptor = catalog.find('open', '', RequestContext('p2'))
        with pytest.raises(ActionException, match='Failed to find base action'):
            instantiate(descriptor, {}, {})

    def test_a_missing_base(self, definitions, run):
        definitions.add('a: {base: b}', namespace='n')
        with pytest.raises(ActionException) as error:
            run('a', namespace='n')
        assert str(error.value) == (
            'Failed to instantiate an action [action_desc=AdHoc action [name=a]]: '
            'Failed to find base action [action_name=b namespace=n] '
        )

    @pytest.mark.parametrize('actions', [['a: {base: a}'], ['a: {base: b}', 'b: {base: a}']])
    def test_a_cycle(self, definitions, run, actions):
        for text in actions:
            definitions.add(text)
        with pytest.raises(ActionException) as error:
            run('a')
        assert (
            'Found a cycle in an ad-hoc action chain [action_name=a, duplicate_action_name=a]'
            in str(error.value)
        )

    def test_wrong_parameters_for_a_base(self, definitions, run):
        definitions.add('a: {base: std.echo}')
        with pytest.raises(ActionException, match=r"name=std\.echo.*missing=\['output'\]"):
            run('a')


@pytest.mark.parametrize(
    ('base', 'is_sync', 'repeatable'),
    [(NoOpAction(), True, True), (AsyncNoOpAction(), False, False)],
)
def test_the_action_behaves_like_its_base(base, is_sync, repeatable):
    action = AdHocAction(base)
    assert (action.is_sync(), action.repeatable) == (is_sync, repeatable)
