"""The notifier's side of its calls, see `mistral.rpc.clients.NotifierClient`."""

from typing import Any

from mistral.context import RequestContext
from mistral.notifiers.service import NotifierService
from mistral.workflow.effects import Notify


class NotifierEndpoint:
    """Takes events for a notifier."""

    def __init__(self, notifier: NotifierService) -> None:
        self._notifier = notifier

    def notify(self, caller: RequestContext, **event: Any) -> None:
        self._notifier.notify([Notify(**{**event, 'publishers': tuple(event['publishers'])})])
