"""The notifier's side of its calls, see `mistral.rpc.clients.NotifierClient`."""

from mistral.context import RequestContext
from mistral.notifiers.service import NotifierService


class NotifierEndpoint:
    """Wakes a notifier."""

    def __init__(self, notifier: NotifierService) -> None:
        self._notifier = notifier

    def wake(self, caller: RequestContext) -> None:
        self._notifier.notify()
