"""The default access rules, one for each operation of the REST API.

`admin_or_owner` compares the caller with the caller's own project, so it lets every authenticated
caller pass: whose rows a caller sees and changes is decided where the rows are read.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from oslo_policy import policy

ADMIN_ONLY: Final = 'rule:admin_only'
ADMIN_OR_OWNER: Final = 'rule:admin_or_owner'

_BASE_RULES: Final = (
    policy.RuleDefault('admin_only', 'is_admin:True', 'The caller is an administrator.'),
    policy.RuleDefault(
        'admin_or_owner',
        'is_admin:True or project_id:%(project_id)s',
        'The caller is an administrator or belongs to the project.',
    ),
)

#: Verb to (method, path below the collection, what the operation does).
_READ: Final = {
    'list': ('GET', '', 'List'),
    'get': ('GET', '/{id}', 'Read one of the'),
}
_CREATE: Final = {'create': ('POST', '', 'Create')}
_UPDATE: Final = {'update': ('PUT', '/{id}', 'Update')}
_DELETE: Final = {'delete': ('DELETE', '/{id}', 'Delete one of the')}
_CRUD: Final = {**_CREATE, **_READ, **_UPDATE, **_DELETE}
_PUBLICIZE: Final = {'publicize': ('POST', '', 'Make public')}
_ALL_PROJECTS: Final = {'list:all_projects': ('GET', '', 'List, for all projects,')}

_Operations = Mapping[str, tuple[str, str, str]]

_ADMIN_OR_OWNER_RULES: Final[Mapping[str, _Operations]] = {
    'workflows': _CRUD,
    'workbooks': _CRUD,
    'actions': _CRUD,
    'executions': _CRUD,
    'tasks': {**_READ, **_UPDATE},
    'action_executions': _CRUD,
    'cron_triggers': {**_CREATE, **_READ, **_DELETE},
    'event_triggers': _CRUD,
    'environments': _CRUD,
    'members': _CRUD,
}

_ADMIN_ONLY_RULES: Final[Mapping[str, _Operations]] = {
    'workflows': {**_ALL_PROJECTS, **_PUBLICIZE},
    'workbooks': _PUBLICIZE,
    'actions': _PUBLICIZE,
    'executions': _ALL_PROJECTS,
    'cron_triggers': {**_ALL_PROJECTS, **_PUBLICIZE},
    'event_triggers': {**_ALL_PROJECTS, **_PUBLICIZE},
    'environments': _PUBLICIZE,
    'code_sources': {**_CRUD, **_PUBLICIZE},
    'dynamic_actions': {**_CRUD, **_PUBLICIZE},
    'maintenance': {'update': ('PUT', '', 'Begin and end')},
}

#: Collections that are not directly below /v2.
_PATHS: Final = {
    'maintenance': '/maintenance',
    'members': '/v2/workflows/{workflow_id}/members',
}


def list_rules() -> list[policy.RuleDefault]:
    """All rules with their defaults (the entry point `oslo.policy.policies`)."""
    return [
        *_BASE_RULES,
        *_documented(_ADMIN_OR_OWNER_RULES, ADMIN_OR_OWNER),
        *_documented(_ADMIN_ONLY_RULES, ADMIN_ONLY),
    ]


def _documented(
    rules: Mapping[str, _Operations], check: str
) -> Iterator[policy.DocumentedRuleDefault]:
    for resource, operations in rules.items():
        collection = _PATHS.get(resource, f'/v2/{resource}')
        for verb, (method, path, what) in operations.items():
            yield policy.DocumentedRuleDefault(
                name=f'{resource}:{verb}',
                check_str=check,
                description=f'{what} {resource.replace("_", " ")}.',
                operations=[{'method': method, 'path': collection + path}],
            )
