"""Dynamic actions: how they are found, what an engine makes of them, and what runs in the end."""

import sys
import threading

import pytest
from mistral_lib.exceptions import ActionException as LibActionException

from mistral.actions.catalog import CatalogSettings, load_catalog
from mistral.actions.descriptors import instantiate
from mistral.actions.dynamic_action import CodeSource, DynamicAction
from mistral.actions.providers import NameFilter
from mistral.actions.serialization import deserialize_action, serialize_action
from mistral.context import RequestContext
from mistral.exceptions import ActionException
from mistral.tests.unit.actions.doubles import STANDARD, Definitions, PythonEvaluator, installed

PROVIDERS = {
    'legacy': 'mistral.actions.plugins:PluginActionProvider',
    'adhoc': 'mistral.actions.adhoc:AdHocActionProvider',
    'dynamic': 'mistral.actions.dynamic:DynamicActionProvider',
}

#: Runs are counted in the module: how often it has been loaded, and how often the action has run.
CODE = '''
import sys
from mistral_lib.actions import Action

sys.modules['mistral.tests.unit.actions.test_dynamic'].LOADS.append(__name__)
runs = 0


class Twice(Action):
    """Doubles a number."""

    def __init__(self, n, by=2):
        super().__init__()
        self.n = n * by

    def run(self, context):
        global runs
        runs += 1
        return [self.n, runs, context]


class Plain:
    def run(self, context):
        return context


class Later(Action):
    def run(self, context):
        return None

    def is_sync(self):
        return False


class Sly(Later):
    pass


def make():
    return Twice
'''
LOADS = []


@pytest.fixture(autouse=True)
def loads():
    LOADS.clear()
    return LOADS


class DynamicDefinitions(Definitions):
    def store(self, name, class_name='Twice', content=CODE, **columns):
        self.rows.append(
            {
                'id': f'id-{next(self._ids)}',
                'name': name,
                'namespace': '',
                'class_name': class_name,
                'code_source_id': 's1',
                'code_source_name': 'mod',
                'version': 1,
                'content': content,
                'scope': 'private',
                'project_id': 'p1',
                'created_at': None,
                'updated_at': None,
                **columns,
            }
        )


@pytest.fixture
def stored():
    return DynamicDefinitions()


@pytest.fixture
def adhoc():
    return Definitions()


@pytest.fixture
def load(stored, adhoc):
    def load(denied=()):
        packages = installed({'mistral.action.providers': PROVIDERS, 'mistral.actions': STANDARD})
        settings = CatalogSettings(NameFilter(denied=denied))
        return load_catalog(settings, adhoc, PythonEvaluator(), packages, stored)

    return load


def source(content=CODE, version=1):
    return CodeSource('s1', 'mod', version, content)


def in_executor(action):
    """The action as an executor gets it."""
    return deserialize_action(serialize_action(action))


class TestDescriptor:
    @pytest.fixture
    def find(self, stored, load):
        def find(class_name='Twice', content=CODE):
            stored.store('double', class_name, content)
            return load().find('double')

        return find

    def test_it_tells_what_the_text_says(self, find, loads):
        found = find()
        assert (found.name, found.namespace, found.project_id) == ('double', '', 'p1')
        assert (found.description, found.params_spec) == ('Doubles a number.', 'n, by=2')
        assert repr(found) == 'Dynamic action [name=double, cls=mod.Twice]'
        assert (found.id, found.created_at, found.updated_at) == ('id-1', None, None)
        assert loads == []

    def test_parameters_are_checked(self, find):
        found = find()
        found.check_parameters({'n': 1})
        message = r"\[name=double, class=mod.Twice, missing=\['n'\], unexpected=\['m'\]\]"
        with pytest.raises(LibActionException, match=message):
            found.check_parameters({'m': 1})

    def test_making_the_action_runs_no_code(self, find, loads):
        action = instantiate(find(), {'n': 4}, {})
        assert action.is_sync()
        assert loads == []

    def test_asynchronous_action(self, find):
        assert not instantiate(find('Later'), {}, {}).is_sync()

    @pytest.mark.parametrize(
        ('class_name', 'content', 'reason'),
        [
            ('Nobody', CODE, "There is no class 'Nobody' at its top level"),
            ('Twice', 'class Twice(', 'It is not valid Python: .*'),
        ],
    )
    def test_broken_code_is_listed_but_cannot_be_used(self, find, class_name, content, reason):
        found = find(class_name, content)
        assert (found.description, found.params_spec) == (None, '')
        found.check_parameters({'any': 1})
        message = rf"cls=mod.{class_name}\]\]: {reason} \[code source 'mod', version 1\]"
        with pytest.raises(ActionException, match=message):
            instantiate(found, {}, {})


class TestLookup:
    def test_namespace_and_then_the_default_one(self, stored, load):
        stored.store('a')
        stored.store('a', namespace='n')
        stored.store('b', namespace='n')
        catalog = load()
        assert catalog.find('a', 'n').namespace == 'n'
        assert catalog.find('a', 'other').namespace == ''
        assert catalog.find('b', 'other') is None

    def test_lists(self, stored, load):
        stored.store('a')
        stored.store('b', namespace='n')
        stored.store('broken', 'Nobody')
        names = [each.name for each in load().find_all('') if '.' not in each.name]
        assert names == ['a', 'broken']

    def test_projects(self, stored, load):
        stored.store('own')
        stored.store('shared', scope='public')
        other = RequestContext('p2')
        assert load().find('own', '', other) is None
        assert load().find('shared', '', other).name == 'shared'

    def test_an_adhoc_action_goes_before(self, stored, adhoc, load):
        stored.store('a')
        adhoc.add('a: {base: std.noop}')
        assert 'AdHoc' in repr(load().find('a'))

    def test_the_operator_may_do_without(self, stored, load):
        stored.store('a')
        assert load(denied=['dynamic']).find('a') is None


class TestRun:
    """In the end, in an executor."""

    def test_the_code_travels_to_the_executor(self, stored, load, loads):
        stored.store('double')
        action = in_executor(instantiate(load().find('double'), {'n': 4, 'by': 3}, {}))
        assert loads == []
        assert action.run('the context')[::2] == [12, 'the context']
        assert loads == ['mod']

    def test_an_executor_may_do_without(self, stored, adhoc, load):
        stored.store('double')
        adhoc.add('four: {base: double, base-input: {n: 4}}')
        for name in ('double', 'four'):
            text = serialize_action(instantiate(load().find(name), {'n': 4}, {}))
            with pytest.raises(ActionException, match='This executor runs no dynamic actions'):
                deserialize_action(text, takes_code=False)

    def test_it_can_be_the_base_of_an_adhoc_action(self, stored, adhoc, load):
        stored.store('double')
        adhoc.add('four: {base: double, base-input: {n: 4}}')
        action = in_executor(instantiate(load().find('four'), {}, {}))
        assert action.run(None)[0] == 8

    def test_a_module_is_loaded_once_for_each_version(self, loads):
        content = CODE + '# once\n'
        for version, runs in ((1, 1), (1, 2), (2, 1), (2, 2)):
            action = DynamicAction(source(content, version), 'Twice', {'n': 1})
            assert in_executor(action).run(None)[1] == runs
        assert len(loads) == 2

    def test_a_module_is_loaded_once_by_many_threads(self, loads):
        content = 'import time\ntime.sleep(0.05)\n' + CODE
        action = DynamicAction(source(content), 'Twice', {'n': 1})
        threads = [threading.Thread(target=action.run, args=(None,)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(loads) == 1

    def test_modules_stay_out_of_those_of_python(self):
        DynamicAction(source(), 'Twice', {'n': 1}).run(None)
        assert 'mod' not in sys.modules

    def test_what_is_no_action_gets_no_context(self):
        assert DynamicAction(source(), 'Plain', {}).run('the context') is None

    @pytest.mark.parametrize('name', ['Nobody', 'make'])
    def test_class_that_is_not_there(self, name):
        with pytest.raises(ActionException, match=f"There is no class '{name}'"):
            DynamicAction(source(), name, {}).run(None)

    @pytest.mark.parametrize(
        ('content', 'message'),
        [('1/0', 'ZeroDivisionError.* while loading'), ('(', 'SyntaxError.* version 1')],
    )
    def test_module_that_cannot_be_loaded(self, content, message):
        with pytest.raises(ActionException, match=message):
            DynamicAction(source(content), 'A', {}).run(None)

    def test_the_engine_must_have_been_right_about_its_kind(self):
        with pytest.raises(ActionException, match='cannot tell whether'):
            DynamicAction(source(), 'Sly', {}, is_sync=True).run(None)
        assert DynamicAction(source(), 'Sly', {}, is_sync=False).run(None) is None
