import json

import pytest
from mistral_lib.actions import Result
from mistral_lib.serialization import get_polymorphic_serializer

from mistral.actions.adhoc import AdHocAction
from mistral.actions.descriptors import GeneratedActionDescriptor
from mistral.actions.serialization import deserialize_action, serialize_action
from mistral.actions.std_actions import EchoAction, HTTPAction, NoOpAction
from mistral.exceptions import ActionException
from mistral.tests.unit.actions import plugin_actions

PLUGINS = 'mistral.tests.unit.actions.plugin_actions'


def message(cls, data=None, cls_attrs=None, key='mistral_lib.actions.base.Action'):
    content = {'cls': cls, 'cls_attrs': cls_attrs or {}, 'data': data or {}}
    return json.dumps({'__serial_key': key, '__serial_data': json.dumps(content)})


def test_the_format_is_that_of_mistral_lib():
    message = json.loads(serialize_action(EchoAction('x', 1)))
    assert message.pop('__serial_key') == 'mistral_lib.actions.base.Action'
    assert json.loads(message.pop('__serial_data')) == {
        'cls': 'mistral.actions.std_actions.EchoAction',
        'cls_attrs': {},
        'data': {'output': 'x', 'delay': 1},
    }
    assert message == {}


@pytest.mark.parametrize(
    'action',
    [
        NoOpAction(),
        EchoAction({'a': [1, None, 'x']}, 2),
        HTTPAction('http://host.example', headers={'A': 1}, auth='user:secret'),
        plugin_actions.Greet('Ann', more=1),
    ],
)
def test_actions_arrive_as_they_were(action):
    arrived = deserialize_action(serialize_action(action))
    assert type(arrived) is type(action)
    assert vars(arrived) == vars(action)


def test_the_constructor_is_not_called(monkeypatch):
    text = serialize_action(EchoAction('x'))
    monkeypatch.setattr(EchoAction, '__init__', lambda self: pytest.fail('called'))
    assert deserialize_action(text).run(None) == 'x'


def test_class_attributes_travel_with_generated_actions():
    descriptor = GeneratedActionDescriptor(
        'nova.stop', plugin_actions.ClientAction, {'client_method': 'servers.stop'}
    )
    text = serialize_action(descriptor.instantiate({'server': 's'}, {}))
    assert json.loads(json.loads(text)['__serial_data']) == {
        'cls': f'{PLUGINS}.ClientAction',
        'cls_attrs': {'client_method': 'servers.stop'},
        'data': {'parameters': {'server': 's'}},
    }
    arrived = deserialize_action(text)
    assert arrived.run(None) == ['servers.stop', {'server': 's'}]
    assert serialize_action(arrived) == text


def test_class_attributes_of_others_are_honoured():
    arrived = deserialize_action(
        message(f'{PLUGINS}.ClientAction', cls_attrs={'client_method': 'm'})
    )
    assert arrived.client_method == 'm'


def test_adhoc_actions():
    text = serialize_action(AdHocAction(EchoAction('x')))
    assert json.loads(text)['__serial_key'] == 'mistral.actions.adhoc.AdHocAction'
    arrived = deserialize_action(text)
    assert type(arrived) is AdHocAction
    assert arrived.base_action == EchoAction('x')


def test_serializers_of_plugins_are_used():
    arrived = deserialize_action(serialize_action(plugin_actions.OwnSerialization(1)))
    assert (type(arrived), arrived.number) == (plugin_actions.OwnSerialization, 2)


def test_odd_attributes_become_plain_data():
    action = EchoAction((1, {2}))
    assert deserialize_action(serialize_action(action)).output == [1, [2]]


class TestRefusals:
    def test_an_object_that_is_no_action(self):
        with pytest.raises(ActionException, match=r'plugin_actions\.Legacy is none'):
            serialize_action(plugin_actions.Legacy(1))

    def test_a_class_that_cannot_be_imported(self):
        class Local(NoOpAction):
            def run(self, context):
                return 'something else'

        with pytest.raises(ActionException, match=r'Local cannot be imported'):
            serialize_action(Local())

    def test_attributes_that_are_no_data(self):
        action = EchoAction(object())
        with pytest.raises(ActionException, match='cannot be sent to an executor'):
            serialize_action(action)

    def test_a_serializer_of_something_else(self):
        text = get_polymorphic_serializer().serialize(Result('x'))
        with pytest.raises(ActionException, match=r'types\.Result returned no action'):
            deserialize_action(text)

    @pytest.mark.parametrize(
        ('text', 'reason'),
        [
            (message('os.system'), 'not a subclass'),
            (message('subprocess.Popen', {'args': 'true'}), 'not a subclass'),
            (message(f'{PLUGINS}.Legacy'), 'not a subclass'),
            (message('no.such.module.Class'), 'ModuleNotFoundError'),
            (message('mistral.actions.std_actions.NoSuchAction'), 'AttributeError'),
            (message('NoModule'), 'ValueError'),
            (
                message('mistral.actions.std_actions.NoOpAction', {'__class__': 'x'}),
                "attribute '__class__'",
            ),
            (message('subprocess.Popen', key='plugin.OwnSerialization'), 'not a subclass'),
            (message('x.Y', key='no.such.Key'), 'Failed to find a serializer for the key'),
            ('{}', 'KeyError'),
            ('[]', 'TypeError'),
            ('"text"', 'TypeError'),
            ('nonsense', 'JSONDecodeError'),
        ],
    )
    def test_messages_that_name_no_action(self, text, reason):
        with pytest.raises(ActionException, match=reason):
            deserialize_action(text)
