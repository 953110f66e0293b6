"""What tests of the repositories share; the functional tests run them on other databases."""

from datetime import datetime

from mistral.context import RequestContext
from mistral.db.query import ListQuery
from mistral.db.repositories import Repositories

NOON = datetime.fromisoformat('2026-01-01 12:00:00')

OWNER = RequestContext(project_id='owner')
OTHER = RequestContext(project_id='other')
ADMIN = RequestContext(project_id='admins', is_admin=True)


class Store:
    """The repositories with a transaction around each call.

    `store.environments.find(OWNER, name='env')` and so on; `insert` and `list` take keywords.
    """

    def __init__(self, database):
        self.database = database
        self._repositories = Repositories()

    def __getattr__(self, kind):
        return _Transactional(self.database, getattr(self._repositories, kind))


class _Transactional:
    def __init__(self, database, repository):
        self._database = database
        self._repository = repository

    def __getattr__(self, method):
        def call(*args, **kwargs):
            with self._database.transaction() as conn:
                return getattr(self._repository, method)(conn, *args, **kwargs)

        return call

    def insert(self, caller=OWNER, **values):
        with self._database.transaction() as conn:
            return self._repository.insert(conn, values, caller)

    def list(self, *filters, caller=OWNER, **query):
        with self._database.read() as conn:
            return self._repository.list(conn, ListQuery(filters=filters, **query), caller)
