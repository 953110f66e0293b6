"""`/maintenance`: stops and starts the work of the whole service."""

from mistral.api.exposure import expose
from mistral.api.requests import Call
from mistral.api.resources import MaintenanceStatus
from mistral.api.routing import Controller
from mistral.api.services import ApiServices
from mistral.db.repositories import Row
from mistral.services.maintenance import Maintenance


class MaintenanceController(Controller):
    item_segments = 0

    def __init__(self, services: ApiServices) -> None:
        super().__init__(services)
        self._maintenance = Maintenance(services.database)

    @expose(None, ignore_unknown=True, answer=MaintenanceStatus)
    def get_all(self, _call: Call) -> Row:
        """Tell whether the service works, is about to pause, or is paused."""
        return {'status': self._maintenance.status()}

    @expose(
        None,
        further_rules=('maintenance:update',),
        body=MaintenanceStatus,
        body_name='new_maintenance_status',
        answer=MaintenanceStatus,
    )
    def put(self, call: Call) -> Row:
        """Pause the service, or let it go on."""
        # Without authentication there are no administrators, and nobody to be kept out.
        if self.services.settings.auth_enable:
            call.authorize('maintenance:update')
        return {'status': self._maintenance.request(call.body.given().get('status', 'Unset'))}
