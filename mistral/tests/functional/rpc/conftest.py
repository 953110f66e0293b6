"""A virtual host of RabbitMQ for each module of tests, and a bus on it for each test.

The broker is that of `MISTRAL_TEST_RABBITMQ` (user:password@host:port), and is managed with
`rabbitmqctl`.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from mistral.tests.functional.rpc.buses import KINDS, Bus, virtual_host

BROKER = os.environ.get('MISTRAL_TEST_RABBITMQ', 'guest:guest@127.0.0.1:5672')


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line('markers', 'needs(ability): leave out backends that cannot do it')


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if 'bus' not in metafunc.fixturenames:
        return
    needed = {mark.args[0] for mark in metafunc.definition.iter_markers('needs')}
    able = [name for name, kind in KINDS.items() if needed <= kind.abilities]
    metafunc.parametrize('bus', able, indirect=True)


@pytest.fixture(scope='module')
def broker_url() -> Iterator[str]:
    user = BROKER.partition(':')[0]
    with virtual_host(user) as name:
        yield f'rabbit://{BROKER}/{name}'


@pytest.fixture
def bus(request: pytest.FixtureRequest, broker_url: str) -> Iterator[Bus]:
    with ExitStack() as stack:
        yield Bus(request.param, broker_url, f'test_{uuid.uuid4().hex[:8]}', stack.callback)
