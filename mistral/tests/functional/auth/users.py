"""Users at the REST API."""

from typing import Any

import requests

from mistral.tests.functional.service.rest import Rest


class UserRest(Rest):
    """The API as a user with a token sees it."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(url)
        self.token = token

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {'X-Auth-Token': self.token, **(options.pop('headers', None) or {})}
        return super().request(method, path, headers=headers, **options)

    def run(self, workflow: str, **input_: Any) -> dict[str, Any]:
        """Run a workflow to its end; returns the execution."""
        id_ = self.start(workflow, input_)
        assert self.wait_until_ended([id_])
        return self.execution(id_)

    def status(self, method: str, path: str, **options: Any) -> int:
        return self.request(method, path, **options).status_code
