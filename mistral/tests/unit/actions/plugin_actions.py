"""Actions, generators and providers as third parties write them."""

from mistral_lib.actions import Action, ActionProvider, PythonActionDescriptor
from mistral_lib.actions.base import ActionSerializer
from mistral_lib.serialization import register_serializer


class Greet(Action):
    """Greets somebody."""

    language = 'en'

    def __init__(self, name, greeting='Hello, dear', *, mark='!', **more):
        self.text = f'{greeting} {name}{mark}'
        self.more = more

    def run(self, context):
        return self.text


class Strict(Action):
    def __init__(self, a, b=', ', *, c, d=None):
        self.values = [a, b, c, d]

    def run(self, context):
        return self.values


class ClientAction(Action):
    """Calls a method of a client."""

    client_method = None

    def __init__(self, **parameters):
        self.parameters = parameters

    def run(self, context):
        return [self.client_method, self.parameters]


class StopServer:
    client_method = 'servers.stop'
    _hidden = 1


class ServerActions:
    base_action_class = ClientAction

    @classmethod
    def create_actions(cls):
        return [
            {
                'name': 'nova.servers_stop',
                'class': StopServer,
                'description': 'Stops a server.',
                'arg_list': 'server, force=false',
            },
            {'name': 'nova.any', 'class': StopServer, 'description': '', 'arg_list': ''},
            {'name': 'nova.broken'},
        ]


class BrokenActions:
    base_action_class = ClientAction

    @classmethod
    def create_actions(cls):
        raise RuntimeError('no client')


def generators():
    return [BrokenActions, ServerActions]


def no_generators():
    return None


class Legacy:
    """An action from before mistral_lib: no base class."""

    def __init__(self, a):
        self.a = a

    def run(self):
        return self.a


class OwnSerialization(Action):
    def __init__(self, number):
        self.number = number

    def run(self, context):
        return self.number

    @classmethod
    def get_serialization_key(cls):
        return 'plugin.OwnSerialization'


class OwnSerializer(ActionSerializer):
    def serialize_to_dict(self, entity):
        return {**super().serialize_to_dict(entity), 'data': {'number': entity.number + 1}}


register_serializer(OwnSerialization, OwnSerializer())


class Provider(ActionProvider):
    def find(self, action_name, namespace=None):
        return self._describe() if action_name == f'{self.name}.greet' else None

    def find_all(self, namespace=None, limit=None, sort_fields=None, sort_dirs=None, filters=None):
        return [self._describe()]

    def _describe(self):
        return PythonActionDescriptor(f'{self.name}.greet', Greet)


class EmptyProvider(Provider):
    def find_all(self, namespace=None, limit=None, sort_fields=None, sort_dirs=None, filters=None):
        return None


class BrokenProvider(Provider):
    def __init__(self, name):
        raise RuntimeError('no connection')
