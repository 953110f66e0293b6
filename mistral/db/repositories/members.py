"""Memberships: projects that a workflow is shared with."""

from sqlalchemy import ColumnElement, or_

from mistral.context import RequestContext
from mistral.db.repositories.repository import Repository, Row


class MemberRepository(Repository):
    """The owner shares and revokes, the member accepts or rejects, and nobody else sees it: to
    others, administrators included, a membership does not exist."""

    def _visible(self, caller: RequestContext) -> ColumnElement[bool]:
        columns = self._table.c
        return or_(columns.project_id == caller.project_id, columns.member_id == caller.project_id)

    def _readable(self, caller: RequestContext) -> ColumnElement[bool]:
        return self._visible(caller)

    def _check_writable(self, row: Row, caller: RequestContext) -> None:
        if row['member_id'] != caller.project_id:
            raise self._not_found(row['id'])

    def _check_deletable(self, row: Row, caller: RequestContext) -> None:
        if row['project_id'] != caller.project_id:
            raise self._not_found(row['id'])
