from importlib.metadata import EntryPoint

from mistral.utils.plugins import installed, load_plugins


def test_plugins_come_in_the_order_of_their_names(caplog):
    points = [
        EntryPoint('b', 'json:loads', 'group'),
        EntryPoint('broken', 'no.such.module:thing', 'group'),
        EntryPoint('a', 'json:dumps', 'group'),
    ]
    loaded = list(load_plugins('group', lambda group: points))
    assert [(name, plugin.__name__) for name, plugin in loaded] == [('a', 'dumps'), ('b', 'loads')]
    assert 'Plugin broken of group cannot be loaded' in caplog.text


def test_installed_packages_are_the_usual_source():
    assert 'pytest' in {point.name for point in installed('console_scripts')}
