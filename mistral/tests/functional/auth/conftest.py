"""A Keystone for all tests of a process, and servers that authenticate there."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mistral.tests.functional.auth.actions import install_plugin
from mistral.tests.functional.auth.keystone_server import (
    ADMIN,
    ALICE,
    BOB,
    KeystoneServer,
    User,
    running_keystone,
)
from mistral.tests.functional.auth.users import UserRest
from mistral.tests.functional.cluster.cluster import merge
from mistral.tests.functional.service.conftest import running_server
from mistral.tests.functional.service.processes import Options, ServerProcess

#: Asks Keystone about each token, so that one that is revoked is refused at once.
NO_CACHE: Options = {'keystone_authtoken': {'token_cache_time': -1}}


@pytest.fixture(scope='session')
def keystone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeystoneServer]:
    with running_keystone(tmp_path_factory.mktemp('keystone')) as keystone:
        yield keystone


@pytest.fixture(scope='session')
def _whoami(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Lets processes find the plug-in."""
    place = tmp_path_factory.mktemp('plugin')
    install_plugin(place)
    known = os.environ.get('PYTHONPATH')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('PYTHONPATH', os.pathsep.join([str(place), *([known] if known else [])]))
        yield


@pytest.fixture(scope='module')
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the server."""
    return tmp_path_factory.mktemp('server')


@pytest.fixture(scope='module')
def server_options() -> Options:
    """What the server of a module is to have besides the usual options."""
    return {}


@pytest.fixture(scope='module')
def server(
    keystone: KeystoneServer, home: Path, server_options: Options, _whoami: None
) -> Iterator[ServerProcess]:
    """The whole service in one process, in the catalog of Keystone."""
    policy: Options = {'oslo_policy': {'policy_file': home / 'policy.yaml'}}
    options = merge(merge(keystone.options, policy), server_options)
    with running_server(home, options=options) as server:
        keystone.register_workflow_service(server.rest.url)
        yield server


#: login(user): the API with a new token of that user.
Login = Callable[..., UserRest]


@pytest.fixture(scope='module')
def login(server: ServerProcess, keystone: KeystoneServer) -> Login:
    def login(user: User, project: str | None = None) -> UserRest:
        return UserRest(server.rest.url, keystone.token(user, project))

    return login


@pytest.fixture(scope='module')
def alice(login: Login) -> UserRest:
    return login(ALICE)


@pytest.fixture(scope='module')
def bob(login: Login) -> UserRest:
    return login(BOB)


@pytest.fixture(scope='module')
def admin(login: Login) -> UserRest:
    return login(ADMIN)
