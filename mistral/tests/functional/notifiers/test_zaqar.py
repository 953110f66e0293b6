"""Events arrive in a queue of a real Zaqar."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mistral.context import DEFAULT_PROJECT
from mistral.tests.functional.notifiers.conftest import EVENTS, WORKFLOW
from mistral.tests.functional.notifiers.zaqar import REDIS, Zaqar, running_zaqar
from mistral.tests.functional.service.conftest import running_server
from mistral.tests.waiting import wait_for

pytestmark = pytest.mark.skipif(REDIS is None, reason='Zaqar needs a redis-server')


@pytest.fixture(scope='module')
def zaqar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zaqar]:
    with running_zaqar(tmp_path_factory.mktemp('zaqar')) as zaqar:
        yield zaqar


def test_messages(zaqar: Zaqar, tmp_path: Path) -> None:
    options = {'notifier_zaqar': {'endpoint': zaqar.url}}
    with running_server(tmp_path, options=options) as server:
        server.rest.upload(WORKFLOW)
        id_ = server.rest.start('told', notify=[{'type': 'zaqar', 'queue': 'news', 'ttl': 120}])

        def all_messages() -> list[dict[str, Any]] | None:
            found = zaqar.messages('news', DEFAULT_PROJECT)
            return found if len(found) == len(EVENTS) else None

        found = wait_for(all_messages, 'messages')
    assert [(m['body']['name'], m['body']['event']) for m in found] == EVENTS
    assert {m['ttl'] for m in found} == {120}
    assert found[0]['body']['id'] == id_
