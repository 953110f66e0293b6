"""Lists that administrators may see for other projects, too (`all_projects`, `project_id`)."""

from collections.abc import Callable

from mistral.api.collections import Collection
from mistral.api.requests import Call
from mistral.api.services import ApiServices
from mistral.db.repositories import Repository, Row


def list_for_projects(
    services: ApiServices,
    call: Call,
    collection: Collection,
    repository: Repository,
    complete: Callable[[Row], Row] = dict,
    *,
    has_rule: bool = True,
) -> Row:
    """A page of the collection; see `Page.answer` for `complete`.

    `has_rule`: whether there is an access rule for lists of all projects.
    """
    all_projects = call.query.get('all_projects', False)
    if all_projects and has_rule:
        call.authorize(f'{collection.name}:list:all_projects')
    page = collection.page(
        call,
        services.settings.max_limit,
        # An administrator who names a project means to look into it.
        all_projects=all_projects or ('project_id' in call.query and call.caller.is_admin),
    )
    with services.database.read() as conn:
        rows = repository.list(conn, page.query, call.caller)
    return page.answer(rows, complete)
