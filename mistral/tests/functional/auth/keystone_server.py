"""A real Keystone on SQLite with fernet tokens, in a process of its own, for tests.

    with running_keystone(directory) as keystone:
        keystone.options              # configuration of a mistral-server that trusts it
        keystone.token(ALICE)         # what ALICE gets for her password
        keystone.environment(ALICE)   # what she has in her shell

There are two projects and some users (`USERS`), the service user of Mistral, and the service
`workflowv2` in the catalog once `register_workflow_service` has been called.
"""

import base64
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from keystoneauth1.identity import v3
from keystoneauth1.session import Session
from keystoneclient.v3.client import Client

from mistral.tests.functional.service.processes import clean_environment, script, write_config

#: The domain of all users and projects.
DOMAIN: Final = 'Default'

#: Seconds that tokens live unless a test wants others.
TOKEN_LIFETIME: Final = 3600

_PROCESS: Final = 'mistral.tests.functional.auth.keystone_process'
_PASSWORD: Final = 'secret-of-{}'


@dataclass(frozen=True)
class User:
    """A user and the project in which it has its role."""

    name: str
    project: str
    role: str = 'member'

    @property
    def password(self) -> str:
        return _PASSWORD.format(self.name)


ADMIN: Final = User('admin', 'admin', 'admin')
ALICE: Final = User('alice', 'first')
ANNA: Final = User('anna', 'first', 'reader')
BOB: Final = User('bob', 'second')

#: The service user of Mistral.
SERVICE: Final = User('mistral', 'service', 'service')

USERS: Final = (ALICE, ANNA, BOB, SERVICE)


class KeystoneServer:
    """Keystone as an operator and as its users see it."""

    def __init__(self, url: str) -> None:
        """`url` ends with /v3."""
        self.url = url

    @cached_property
    def admin(self) -> Client:
        """A client of the administrator, for whatever a test has to change."""
        return Client(session=Session(auth=self._auth(ADMIN)), endpoint_override=self.url)

    @cached_property
    def user_ids(self) -> dict[str, str]:
        """By name."""
        return {user.name: user.id for user in self.admin.users.list()}

    @cached_property
    def project_ids(self) -> dict[str, str]:
        """By name."""
        return {project.name: project.id for project in self.admin.projects.list()}

    @property
    def options(self) -> dict[str, dict[str, object]]:
        """The configuration of a server of Mistral that authenticates here."""
        return {
            'pecan': {'auth_enable': True},
            'keystone_authtoken': {
                'www_authenticate_uri': self.url,
                'auth_url': self.url,
                'auth_type': 'password',
                'username': SERVICE.name,
                'password': SERVICE.password,
                'project_name': SERVICE.project,
                'user_domain_name': DOMAIN,
                'project_domain_name': DOMAIN,
                # The catalog has one interface only.
                'interface': 'public',
            },
        }

    def token(self, user: User, project: str | None = None) -> str:
        """A new token of a user for a project, its own one by default."""
        return _token_by(self._auth(user, project))

    def unscoped_token(self, user: User) -> str:
        auth = v3.Password(
            self.url,
            username=user.name,
            password=user.password,
            user_domain_name=DOMAIN,
            unscoped=True,
        )
        return _token_by(auth)

    def token_by_trust(self, trust_id: str) -> str:
        """A token of the service user in the name of whoever trusts it."""
        return _token_by(
            v3.Password(
                self.url,
                username=SERVICE.name,
                password=SERVICE.password,
                user_domain_name=DOMAIN,
                trust_id=trust_id,
            )
        )

    def revoke(self, token: str) -> None:
        """Make a token worthless, as its user does when logging out."""
        self.admin.tokens.revoke_token(token)

    def trusts(self) -> list[str]:
        """The ids of all trusts there are."""
        return [trust.id for trust in self.admin.trusts.list()]

    def environment(self, user: User, project: str | None = None) -> dict[str, str]:
        """What a user sets in a shell (an `openrc` file)."""
        return {
            'OS_AUTH_URL': self.url,
            'OS_IDENTITY_API_VERSION': '3',
            'OS_USERNAME': user.name,
            'OS_PASSWORD': user.password,
            'OS_PROJECT_NAME': project or user.project,
            'OS_USER_DOMAIN_NAME': DOMAIN,
            'OS_PROJECT_DOMAIN_NAME': DOMAIN,
        }

    def register_workflow_service(self, url: str) -> None:
        """Put a server of Mistral into the catalog, in place of any other; `url` ends with /v2."""
        for service in self.admin.services.list(type='workflowv2'):
            self.admin.services.delete(service)
        self.register('mistral', 'workflowv2', url)

    def register(self, name: str, type_: str, url: str) -> None:
        service = self.admin.services.create(name=name, type=type_)
        self.admin.endpoints.create(service=service, interface='public', url=url)

    def grant(self, user: User, role: str, project: str) -> None:
        """Give a user one more role."""
        self.admin.roles.grant(
            self._role(role), user=self.user_ids[user.name], project=self.project_ids[project]
        )

    def set_up(self) -> None:
        """Make the projects and users."""
        self.register('keystone', 'identity', self.url)
        projects = {
            name: self.admin.projects.create(name, domain='default')
            for name in dict.fromkeys(user.project for user in USERS)
        }
        for user in USERS:
            created = self.admin.users.create(user.name, domain='default', password=user.password)
            self.admin.roles.grant(
                self._role(user.role), user=created, project=projects[user.project]
            )

    def _role(self, name: str) -> Any:
        (role,) = self.admin.roles.list(name=name)
        return role

    def _auth(self, user: User, project: str | None = None) -> v3.Password:
        return v3.Password(
            self.url,
            username=user.name,
            password=user.password,
            user_domain_name=DOMAIN,
            project_name=project or user.project,
            project_domain_name=DOMAIN,
        )


@contextmanager
def running_keystone(
    directory: Path, token_lifetime: int = TOKEN_LIFETIME
) -> Iterator[KeystoneServer]:
    """A Keystone of its own, with all its files in the directory; it is ready when this returns.

    :param token_lifetime: seconds
    """
    config = _write_configuration(directory, token_lifetime)
    _manage(config, 'db_sync')
    _manage(
        config, 'bootstrap', '--bootstrap-password', ADMIN.password,
        '--bootstrap-username', ADMIN.name, '--bootstrap-project-name', ADMIN.project,
    )  # fmt: skip
    with (directory / 'output.log').open('wb') as log:
        process = subprocess.Popen(
            [sys.executable, '-m', _PROCESS, f'--config-file={config}'],
            env=clean_environment(directory),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    try:
        assert process.stdout is not None
        port = process.stdout.readline().decode().strip()
        assert port, f'Keystone does not start:\n{_logs(directory)}'
        server = KeystoneServer(f'http://127.0.0.1:{port}/v3')
        server.set_up()
        yield server
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()


def _token_by(auth: v3.Password) -> str:
    token = auth.get_token(Session())
    assert token
    return token


def _write_configuration(directory: Path, token_lifetime: int) -> Path:
    keys = directory / 'keys'
    keys.mkdir(mode=0o700)
    for number in range(2):
        key = base64.urlsafe_b64encode(secrets.token_bytes(32))
        (keys / str(number)).write_bytes(key)
    # Nothing of a Keystone on this machine is to have a say.
    (directory / 'policy.yaml').write_text('')
    return write_config(
        directory / 'keystone.conf',
        {
            'DEFAULT': {'log_dir': directory, 'use_stderr': False},
            'database': {'connection': f'sqlite:///{directory}/keystone.sqlite'},
            'fernet_tokens': {'key_repository': keys},
            'fernet_receipts': {'key_repository': keys},
            'credential': {'key_repository': keys},
            'identity': {'password_hash_rounds': 4},
            'oslo_policy': {'policy_file': directory / 'policy.yaml'},
            'token': {'expiration': token_lifetime, 'allow_expired_window': 60},
        },
    )


def _manage(config: Path, *arguments: str) -> None:
    done = subprocess.run(
        [script('keystone-manage'), '--config-file', str(config), *arguments],
        env={**clean_environment(config.parent), 'PYTHONWARNINGS': 'ignore'},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _logs(directory: Path) -> str:
    return '\n'.join(path.read_text() for path in directory.glob('*.log'))
