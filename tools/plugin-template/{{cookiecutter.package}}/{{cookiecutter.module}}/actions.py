"""Actions. The parameters of a constructor are the input, and the docstring is the description.

A constructor only stores JSON data: an action is made in the engine, and runs elsewhere.
"""

import logging

from mistral_lib.actions import Action, Result

LOG = logging.getLogger(__name__)


class Greet(Action):
    """Greets somebody.

    :param name: who is greeted.
    :param mark: what ends the sentence.
    """

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
    """Orders something; the supplier sends the result later.

    :param item: what is ordered.
    """

    def __init__(self, item):
        super().__init__()
        self.item = item

    def run(self, context):
        LOG.info('Ordering %s, answer to %s', self.item, context.execution.callback_url)

    def is_sync(self):
        return False
