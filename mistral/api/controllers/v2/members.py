"""`/v2/workflows/{id}/members`: projects that a workflow is shared with."""

from mistral.api.answers import ListOf
from mistral.api.exposure import expose
from mistral.api.requests import Call
from mistral.api.resources import Member
from mistral.api.routing import Controller
from mistral.api.services import ApiServices
from mistral.db.repositories import Row
from mistral.exceptions import WorkflowException
from mistral.services.members import MembersService
from mistral.utils.ids import is_uuid


class MembersController(Controller):
    def __init__(self, services: ApiServices) -> None:
        super().__init__(services)
        self._members = MembersService(
            services.database, services.repositories.members, services.definitions.workflows
        )

    @expose('members:list', answer=ListOf('members', Member))
    def get_all(self, call: Call, resource_id: str) -> Row:
        self._check(resource_id)
        rows = self._members.list(resource_id, call.caller)
        return {'members': [Member.render(row) for row in rows]}

    @expose('members:get', answer=Member)
    def get_one(self, call: Call, resource_id: str, member_id: str) -> Row:
        self._check(resource_id)
        return Member.render(self._members.get(resource_id, member_id, call.caller))

    @expose('members:create', body=Member, body_name='member_info', answer=Member, status=201)
    def post(self, call: Call, resource_id: str) -> Row:
        self._check(resource_id)
        row = self._members.share(resource_id, call.body.given().get('member_id'), call.caller)
        del row['updated_at']
        return Member.render(row)

    @expose('members:update', body=Member, body_name='member_info', answer=Member)
    def put(self, call: Call, resource_id: str, member_id: str) -> Row:
        self._check(resource_id)
        given = call.body.given()
        return Member.render(self._members.answer(resource_id, member_id, given, call.caller))

    @expose('members:delete', status=204)
    def delete(self, call: Call, resource_id: str, member_id: str) -> None:
        self._check(resource_id)
        self._members.revoke(resource_id, member_id, call.caller)

    def _check(self, resource_id: str) -> None:
        """Raise WorkflowException if this workflow, or any, cannot be shared."""
        if not is_uuid(resource_id):
            raise WorkflowException(
                'Only support UUID as resource identifier in resource sharing feature.'
            )
        # Without it all callers belong to one project.
        if not self.services.settings.auth_enable:
            raise WorkflowException(
                'Resource sharing feature can only be supported with authentication enabled.'
            )
