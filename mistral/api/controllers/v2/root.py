"""`/v2`: the collections of the API."""

from collections.abc import Mapping

from mistral.api.controllers.v2.action_executions import ActionExecutionsController
from mistral.api.controllers.v2.actions import ActionsController
from mistral.api.controllers.v2.code_sources import CodeSourcesController
from mistral.api.controllers.v2.cron_triggers import CronTriggersController
from mistral.api.controllers.v2.dynamic_actions import DynamicActionsController
from mistral.api.controllers.v2.environments import EnvironmentsController
from mistral.api.controllers.v2.event_triggers import EventTriggersController
from mistral.api.controllers.v2.executions import ExecutionsController
from mistral.api.controllers.v2.tasks import TasksController
from mistral.api.controllers.v2.workbooks import WorkbooksController
from mistral.api.controllers.v2.workflows import WorkflowsController
from mistral.api.exposure import expose
from mistral.api.requests import Call
from mistral.api.routing import Controller, Handler, method_not_allowed, not_found
from mistral.api.services import ApiServices


class V2Controller:
    def __init__(self, services: ApiServices) -> None:
        self.services = services
        self._collections: Mapping[str, Controller] = {
            'workflows': WorkflowsController(services),
            'workbooks': WorkbooksController(services),
            'actions': ActionsController(services),
            'executions': ExecutionsController(services),
            'tasks': TasksController(services),
            'action_executions': ActionExecutionsController(services),
            'environments': EnvironmentsController(services),
            'cron_triggers': CronTriggersController(services),
            'event_triggers': EventTriggersController(services),
            'code_sources': CodeSourcesController(services),
            'dynamic_actions': DynamicActionsController(services),
        }

    def find_handler(self, path: list[str], method: str) -> tuple[Handler, list[str]]:
        """The handler below /v2 and its path arguments; raises HTTPNotFound."""
        if not path:
            if method not in {'GET', 'POST'}:
                raise method_not_allowed(method, {'GET': self.index, 'POST': self.index})
            return self.index, []
        if path[0] not in self._collections:
            raise not_found()
        return self._collections[path[0]].find_handler(path[1:], method)

    @expose(None)
    def index(self, call: Call) -> dict[str, str]:
        return {'uri': f'{call.request.root_url}/v2'}
