"""Actions that tell whom they run as, and their installation as a plug-in."""

from pathlib import Path
from typing import Any, Final

import requests
from mistral_lib import actions, utils
from mistral_lib.actions.context import ActionContext
from mistral_lib.exceptions import ActionException

_METADATA: Final = 'Metadata-Version: 2.1\nName: mistral-whoami\nVersion: 1.0\n'
_ENTRY_POINTS: Final = """[mistral.actions]
test.whoami = mistral.tests.functional.auth.actions:WhoAmI
"""


class WhoAmI(actions.Action):
    """Asks Keystone whose token it has been given.

    :param stumble: a file; as long as there is none the action makes it, and fails.
    """

    def __init__(self, stumble: str | None = None) -> None:
        self.stumble = stumble

    def run(self, context: ActionContext) -> dict[str, Any]:
        if self.stumble and not Path(self.stumble).exists():
            Path(self.stumble).write_text('')
            raise ActionException('It has stumbled.')
        security = context.security
        # Where mistral-extra looks; the context has no ids of users.
        user_id = utils.get_thread_local('MISTRAL_APP_CTX_THREAD_LOCAL').user_id
        # Keystone tells about a user nobody but himself, and an administrator.
        user = self._ask(security, f'users/{user_id}')['user']
        projects = self._ask(security, 'auth/projects')['projects']
        return {
            'user': user['name'],
            'projects': [project['name'] for project in projects],
            'context': {
                'project_id': security.project_id,
                'user_name': security.user_name,
                'region_name': security.region_name,
                'trust_id': security.trust_id,
                'is_trust_scoped': security.is_trust_scoped,
                'is_target': security.is_target,
                'catalog': sorted(
                    service['type']
                    for service in (security.service_catalog or {}).get('catalog', ())
                ),
            },
        }

    def _ask(self, security: Any, path: str) -> Any:
        headers = {'X-Auth-Token': security.auth_token}
        answer = requests.get(f'{security.auth_uri}/{path}', headers=headers, timeout=30)
        if not answer.ok:
            raise ActionException(f'Keystone answers {answer.status_code}')
        return answer.json()


def install_plugin(directory: Path) -> None:
    """Install the action as a package of its own, for processes with `directory` in their path."""
    place = directory / 'mistral_whoami-1.0.dist-info'
    place.mkdir()
    (place / 'METADATA').write_text(_METADATA)
    (place / 'entry_points.txt').write_text(_ENTRY_POINTS)
