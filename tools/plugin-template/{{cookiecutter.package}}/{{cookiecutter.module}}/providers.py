"""Actions under names that are found out at run time."""

from mistral_lib.actions import ActionProvider, PythonActionDescriptor

from .actions import Greet

GREETINGS = {'fr': 'Bonjour', 'it': 'Ciao'}


class GreetingProvider(ActionProvider):
    """Offers `{{cookiecutter.prefix}}.greet.LANGUAGE` for each language that it knows."""

    def __init__(self, name):
        super().__init__(name)
        self._descriptors = {}
        for language, greeting in GREETINGS.items():
            action = f'{{cookiecutter.prefix}}.greet.{language}'
            attributes = {'greeting': greeting}
            self._descriptors[action] = PythonActionDescriptor(action, Greet, attributes)

    def find(self, action_name, namespace=None):
        return self._descriptors.get(action_name)

    def find_all(self, namespace=None, limit=None, sort_fields=None, sort_dirs=None, filters=None):
        return self._descriptors.values()
