"""One small plug-in of each kind."""

import hmac
import logging
import os
from pathlib import Path

from mistral_lib.actions import Action, ActionProvider, PythonActionDescriptor, Result

from mistral.auth import AuthHandler
from mistral.exceptions import UnauthorizedException
from mistral.notifiers.base import NotificationPublisher

LOG = logging.getLogger(__name__)


class Greet(Action):
    """Greets somebody."""

    repeatable = True  # no harm if it runs twice
    greeting = 'Hello'

    def __init__(self, name, mark='!'):
        super().__init__()
        self.name = name
        self.mark = mark

    def run(self, context):
        if not self.name:
            return Result(error='Nobody is there.')
        text = f'{self.greeting}, {self.name}{self.mark}'
        return {'text': text, 'project': context.security.project_id}


class Order(Action):
    """Orders something; the supplier sends the result later."""

    def __init__(self, item):
        super().__init__()
        self.item = item

    def run(self, context):
        LOG.info('Ordering %s, answer to %s', self.item, context.execution.callback_url)

    def is_sync(self):
        return False


class GreetingProvider(ActionProvider):
    """Offers an action `acme.greet.<language>` for each language that it knows."""

    def __init__(self, name):
        super().__init__(name)
        self._descriptors = {
            name: PythonActionDescriptor(name, Greet, {'greeting': greeting})
            for name, greeting in (('acme.greet.fr', 'Bonjour'), ('acme.greet.it', 'Ciao'))
        }

    def find(self, action_name, namespace=None):
        return self._descriptors.get(action_name)

    def find_all(self, namespace=None, limit=None, sort_fields=None, sort_dirs=None, filters=None):
        return self._descriptors.values()


def initials(context, name):  # noqa: ARG001 - every function gets the context
    """Used as <% initials($.name) %> and {{ initials(_.name) }} or {{ _.name | initials }}."""
    return ''.join(word[0] for word in name.split())


class LogPublisher(NotificationPublisher):
    """Chosen with {"type": "acme_log", "prefix": "..."} in `notify`."""

    def publish(self, ctx, ex_id, data, event, timestamp, **kwargs):
        LOG.warning('%s %s %s is %s', kwargs.get('prefix', ''), event, data['name'], data['state'])


class SharedSecret(AuthHandler):
    """Everybody who knows the secret is a member of the project that the request names."""

    def __init__(self):
        self._secret = os.environ['ACME_SECRET']

    def authenticate(self, req):
        given = req.headers.get('X-Auth-Token', '')
        if not hmac.compare_digest(given.encode(), self._secret.encode()):
            raise UnauthorizedException('The token is wrong.')
        req.headers['X-Identity-Status'] = 'Confirmed'
        req.headers['X-Project-Id'] = req.headers.get('X-Project-Id', 'acme')
        req.headers['X-User-Id'] = 'somebody'
        req.headers['X-Roles'] = 'member'


def workflow_files():
    return [str(Path(__file__).with_name('workflows.yaml'))]
