import pytest

from mistral.actions.plugins import PluginActionProvider
from mistral.actions.providers import NameFilter, PluginSettings
from mistral.tests.unit.actions.doubles import STANDARD, installed

PLUGINS = 'mistral.tests.unit.actions.plugin_actions'
PACKAGES = installed(
    {
        'mistral.actions': {
            **STANDARD,
            'custom.greet': f'{PLUGINS}:Greet',
            'custom.legacy': f'{PLUGINS}:Legacy',
            'custom.missing': f'{PLUGINS}:Missing',
        },
        'mistral.generators': {
            'openstack': f'{PLUGINS}:generators',
            'none': f'{PLUGINS}:no_generators',
            'broken': f'{PLUGINS}:Strict',
        },
    }
)
CUSTOM = {'custom.greet', 'custom.legacy'}
GENERATED = {'nova.any', 'nova.servers_stop'}


def names(settings):
    provider = PluginActionProvider('legacy', settings, PACKAGES)
    return {descriptor.name for descriptor in provider.find_all()}


@pytest.mark.parametrize(
    ('settings', 'found'),
    [
        (PluginSettings(), {*STANDARD, *CUSTOM, *GENERATED}),
        (PluginSettings(load_generators=False), {*STANDARD, *CUSTOM}),
        (PluginSettings(load_actions=False), GENERATED),
        (PluginSettings(names=NameFilter(allowed=['std.e*'])), {'std.echo', *GENERATED}),
        (PluginSettings(names=NameFilter(denied=['std.*'])), {*CUSTOM, *GENERATED}),
        (
            PluginSettings(names=NameFilter(allowed=['std.echo'], denied=['std.*'])),
            {'std.echo', *GENERATED},
        ),
        (PluginSettings(names=NameFilter(denied=['STD.*', 'custom.*'])), {*STANDARD, *GENERATED}),
    ],
)
def test_settings_say_what_is_loaded(settings, found):
    assert names(settings) == found


def test_only_builtin_actions():
    settings = PluginSettings(load_generators=False, only_builtin=True)
    packages = installed({'mistral.actions': {**STANDARD, 'json': 'json:JSONDecoder'}})
    provider = PluginActionProvider('legacy', settings, packages)
    assert {descriptor.name for descriptor in provider.find_all()} == set(STANDARD)


def test_what_is_broken_is_logged_and_takes_nothing_with_it(caplog):
    assert names(PluginSettings()) >= {*STANDARD, *GENERATED}
    for text in (
        'Plugin custom.missing of mistral.actions cannot be loaded',
        'Action generators of broken cannot be used',
        "Generated action {'name': 'nova.broken'} cannot be used",
        "BrokenActions'> failed",
    ):
        assert text in caplog.text


def test_actions_are_found_in_every_namespace():
    provider = PluginActionProvider('legacy', PluginSettings(), PACKAGES)
    assert provider.find('std.echo') is provider.find('std.echo', 'any namespace')
    assert provider.find('std.nothing') is None


def test_class_attributes_of_generated_actions_are_the_public_fields():
    provider = PluginActionProvider('legacy', PluginSettings(), PACKAGES)
    stop = provider.find('nova.servers_stop')
    assert stop.action_class_attributes == {'client_method': 'servers.stop'}


def test_an_action_without_base_class_can_be_run():
    provider = PluginActionProvider('legacy', PluginSettings(), PACKAGES)
    assert provider.find('custom.legacy').instantiate({'a': 1}, {}).run() == 1
