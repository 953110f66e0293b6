import pytest
from oslo_config import cfg

from mistral.actions.catalog import CatalogSettings, load_catalog
from mistral.actions.providers import NameFilter, PluginSettings
from mistral.context import SYSTEM, RequestContext
from mistral.tests.unit.actions.doubles import STANDARD, Definitions, PythonEvaluator, installed

PROVIDERS = {
    'legacy': 'mistral.actions.plugins:PluginActionProvider',
    'adhoc': 'mistral.actions.adhoc:AdHocActionProvider',
    'third': 'mistral.tests.unit.actions.plugin_actions:Provider',
    'empty': 'mistral.tests.unit.actions.plugin_actions:EmptyProvider',
    'missing': 'no.such.module:Provider',
}
PLUGIN = {'custom.greet': 'mistral.tests.unit.actions.plugin_actions:Greet'}


@pytest.fixture
def definitions():
    return Definitions()


def load(definitions, allowed=(), denied=(), providers=PROVIDERS):
    packages = installed(
        {'mistral.action.providers': providers, 'mistral.actions': {**STANDARD, **PLUGIN}}
    )
    settings = CatalogSettings(NameFilter(allowed, denied))
    return load_catalog(settings, definitions, PythonEvaluator(), packages)


def test_actions_of_all_providers_are_found(definitions):
    definitions.add('mine: {base: std.noop}')
    catalog = load(definitions)
    for name in ('std.echo', 'custom.greet', 'mine', 'third.greet'):
        assert catalog.find(name).name == name
    assert catalog.find('nothing') is None
    found = [descriptor.name for descriptor in catalog.find_all()]
    assert found == ['mine', *sorted([*STANDARD, *PLUGIN]), 'third.greet']


@pytest.mark.parametrize(
    ('filters', 'found'),
    [
        ({'allowed': ['leg*']}, {'std.echo'}),
        ({'denied': ['third']}, {'std.echo', 'mine'}),
        ({'allowed': ['adhoc', 'third'], 'denied': ['adhoc']}, {'mine', 'third.greet'}),
    ],
)
def test_the_operator_chooses_the_providers(definitions, filters, found):
    definitions.add('mine: {base: std.noop}')
    catalog = load(definitions, **filters)
    assert {name for name in ('std.echo', 'mine', 'third.greet') if catalog.find(name)} == found


def test_no_provider_at_all_is_worth_a_warning(definitions, caplog):
    catalog = load(definitions, denied=['*'])
    assert catalog.find('std.echo') is None
    assert 'No action providers found in the system.' in caplog.text


def test_a_provider_that_cannot_be_imported_is_skipped(definitions, caplog):
    load(definitions)
    assert 'Plugin missing of mistral.action.providers cannot be loaded' in caplog.text


def test_a_provider_that_cannot_be_made_stops_the_process(definitions):
    broken = {'broken': 'mistral.tests.unit.actions.plugin_actions:BrokenProvider'}
    with pytest.raises(RuntimeError, match='no connection'):
        load(definitions, providers=broken)


class TestNames:
    def test_an_adhoc_action_hides_that_of_a_plugin(self, definitions):
        definitions.add('custom.greet: {base: std.noop}')
        assert repr(load(definitions).find('custom.greet')) == 'AdHoc action [name=custom.greet]'

    def test_but_not_a_standard_one(self, definitions):
        definitions.add('std.echo: {base: std.fail}')
        assert repr(load(definitions).find('std.echo')).startswith('Python action')

    def test_an_adhoc_action_may_have_a_reserved_name_that_is_free(self, definitions):
        definitions.add('std.wait: {base: std.noop}')
        assert load(definitions).find('std.wait').name == 'std.wait'

    def test_finding_a_standard_action_costs_no_query(self, definitions):
        load(definitions).find('std.echo', 'some namespace', RequestContext('p1'))
        assert definitions.queries == []


class TestNamespaces:
    @pytest.fixture
    def catalog(self, definitions):
        definitions.add('a: {base: std.noop, description: default}')
        definitions.add('a: {base: std.noop, description: special}', namespace='n')
        definitions.add('b: {base: std.noop}', namespace='n')
        definitions.add('c: {base: std.noop}')
        return load(definitions)

    @pytest.mark.parametrize(
        ('name', 'namespace', 'found_in'),
        [
            ('a', 'n', 'n'),
            ('a', '', ''),
            ('a', 'other', ''),
            ('b', 'n', 'n'),
            ('c', 'n', ''),
            ('std.echo', 'n', ''),
        ],
    )
    def test_the_default_one_is_asked_second(self, catalog, name, namespace, found_in):
        assert catalog.find(name, namespace).namespace == found_in

    def test_others_are_not_asked(self, catalog):
        assert catalog.find('b') is None
        assert catalog.find('b', 'other') is None

    def test_lists_are_of_one_or_of_all(self, catalog):
        def adhoc(namespace):
            return [d.name for d in catalog.find_all(namespace) if '.' not in d.name]

        assert (adhoc('n'), adhoc(''), adhoc(None)) == (
            ['a', 'b'],
            ['a', 'c'],
            ['a', 'a', 'b', 'c'],
        )


class TestProjects:
    @pytest.mark.parametrize(
        ('caller', 'visible'),
        [
            (RequestContext('p1'), {'own', 'shared'}),
            (RequestContext('p2'), {'shared'}),
            (SYSTEM, {'own', 'shared'}),
        ],
    )
    def test_callers_see_their_own_actions_and_public_ones(self, definitions, caller, visible):
        definitions.add('own: {base: std.noop}')
        definitions.add('shared: {base: std.noop}', scope='public')
        catalog = load(definitions)
        assert {name for name in ('own', 'shared') if catalog.find(name, '', caller)} == visible
        listed = {descriptor.name for descriptor in catalog.find_all(None, caller)}
        assert listed & {'own', 'shared'} == visible


def test_settings_come_from_the_configuration():
    conf = cfg.ConfigOpts()
    lists = [cfg.ListOpt('allowlist', default=['a*']), cfg.ListOpt('denylist', default=['b'])]
    conf.register_opts(lists, 'action_providers')
    conf.register_opts(
        [
            *lists,
            cfg.BoolOpt('load_action_plugins', default=False),
            cfg.BoolOpt('load_action_generators', default=False),
            cfg.BoolOpt('only_builtin_actions', default=True),
        ],
        'legacy_action_provider',
    )
    names = NameFilter(('a*',), ('b',))
    assert CatalogSettings.from_config(conf) == CatalogSettings(
        names, PluginSettings(False, False, True, names)
    )
