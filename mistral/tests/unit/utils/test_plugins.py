from importlib.metadata import EntryPoint

import pytest

from mistral.exceptions import ConfigurationError
from mistral.utils.plugins import installed, load_plugin, load_plugins


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


class TestLoadPlugin:
    points = (
        EntryPoint('b', 'json:loads', 'group'),
        EntryPoint('broken', 'no.such.module:thing', 'group'),
        EntryPoint('absent', 'json:nothing', 'group'),
    )

    def load(self, name, points=points):
        return load_plugin('group', name, 'the_option', lambda group: points)

    def test_object_of_the_name(self):
        assert self.load('b').__name__ == 'loads'

    @pytest.mark.parametrize(
        ('name', 'points', 'message'),
        [
            ('c', points, "'c' is not installed. There are: absent, b, broken."),
            ('c', (), "'c' is not installed. There are: none."),
            ('broken', points, "'broken' cannot be loaded: ModuleNotFoundError"),
            ('absent', points, "'absent' cannot be loaded: AttributeError"),
        ],
    )
    def test_operator_is_told_what_is_wrong(self, name, points, message):
        with pytest.raises(ConfigurationError) as caught:
            self.load(name, points)
        assert str(caught.value).startswith(f'[DEFAULT] the_option = {message}')
