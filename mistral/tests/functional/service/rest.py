"""A client of the REST API for tests."""

import json
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any, Final

import requests

from mistral.tests.waiting import wait_for

ENDED: Final = frozenset({'SUCCESS', 'ERROR', 'CANCELLED'})


class Rest:
    """Speaks to a server at `url`, which ends with /v2. Each thread needs its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()

    @property
    def headers(self) -> MutableMapping[str, str | bytes]:
        """What is sent with each request."""
        return self._session.headers

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        return self._session.request(method, self.url + path, timeout=60, **options)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Returns the JSON of the answer, which must be a good one."""
        response = self.request(method, path, **options)
        assert response.ok, f'{method} {path}: {response.status_code} {response.text}'
        return response.json() if response.content else None

    def upload(self, definition: str) -> None:
        self.call(
            'POST', '/workflows', data=definition.encode(), headers={'Content-Type': 'text/plain'}
        )

    def start(self, workflow: str, input_: Mapping[str, Any] | None = None, **params: Any) -> str:
        """Start a workflow; returns the id of the execution."""
        request = {'workflow_name': workflow, 'input': json.dumps(input_ or {}), 'params': params}
        return self.call('POST', '/executions', json=request)['id']

    def items(self, path: str) -> Iterator[dict[str, Any]]:
        """The items of a list, page after page."""
        collection = path.partition('?')[0].rpartition('/')[2]
        while True:
            page = self.call('GET', path)
            yield from page[collection]
            if 'next' not in page:
                return
            path = page['next'].removeprefix(self.url)

    def execution(self, id_: str) -> dict[str, Any]:
        """An execution with `input`, `output` and `params` parsed."""
        return _parsed(self.call('GET', f'/executions/{id_}'), 'input', 'output', 'params')

    def executions(self, state: str | None = None) -> list[dict[str, Any]]:
        filters = f'&state={state}' if state else ''
        return list(self.items(f'/executions?fields=id,state,workflow_name{filters}'))

    def tasks(self, execution_id: str) -> list[dict[str, Any]]:
        path = f'/executions/{execution_id}/tasks?sort_keys=created_at,name'
        return [_parsed(task, 'published', 'runtime_context') for task in self.items(path)]

    def task(self, execution_id: str, name: str) -> dict[str, Any]:
        """The only task of that name, with its result."""
        (found,) = (task for task in self.tasks(execution_id) if task['name'] == name)
        return _parsed(self.call('GET', f'/tasks/{found["id"]}'), 'published', 'result')

    def actions(self, task_id: str) -> list[dict[str, Any]]:
        path = f'/tasks/{task_id}/action_executions'
        return [_parsed(action, 'input', 'output') for action in self.items(path)]

    def answer(self, action_id: str, output: Any = None, state: str = 'SUCCESS') -> None:
        """Give an asynchronous action its result."""
        body = {'state': state, 'output': json.dumps(output or {})}
        self.call('PUT', f'/action_executions/{action_id}', json=body)

    def wait_until_ended(self, ids: Iterable[str]) -> dict[str, str]:
        """Wait for executions and return their states."""
        wanted = set(ids)

        def ended() -> dict[str, str] | None:
            states = {e['id']: e['state'] for e in self.executions() if e['id'] in wanted}
            return states if states.keys() == wanted and ENDED.issuperset(states.values()) else None

        return wait_for(ended, f'end of {len(wanted)} executions')


def _parsed(resource: dict[str, Any], *names: str) -> dict[str, Any]:
    """Parse what the API gives as JSON text inside of JSON."""
    return {
        **resource,
        **{name: json.loads(resource[name]) for name in names if resource.get(name)},
    }
