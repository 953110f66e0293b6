"""`/v2`: the collections of the API."""

from mistral.api.answers import TEXT, Other, json_object
from mistral.api.controllers.description import DescriptionController
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
from mistral.api.routing import Fork
from mistral.api.services import ApiServices


class V2Controller:
    def __init__(self, services: ApiServices) -> None:
        self.services = services

    def tree(self, description: DescriptionController) -> Fork:
        """The URLs below /v2."""
        services = self.services
        return Fork(
            {'GET': self.index, 'POST': self.index},
            {
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
                **description.forks(),
            },
        )

    @expose(None, answer=Other(json_object({'uri': TEXT})))
    def index(self, call: Call) -> dict[str, str]:
        """The URL of this version of the API."""
        return {'uri': f'{call.request.root_url}/v2'}
