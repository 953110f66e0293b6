"""The request as the application sees it, and as a handler sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pecan
import wsme.exc

from mistral.context import RequestContext
from mistral.policies import PolicyEnforcer


class ApiRequest(pecan.Request):
    """A pecan request without pecan's guesses.

    The service answers JSON, whatever `Accept` says, and handlers parse their arguments
    themselves: pecan shall neither merge bodies into the query nor parse them twice.
    """

    accept = None
    json = None

    @property
    def params(self) -> Mapping[str, str]:
        return self.GET

    @property
    def root_url(self) -> str:
        """The URL of the service, without a slash at its end."""
        return self.application_url.rstrip('/')

    def read_body(self, limit: int) -> bytes:
        """The whole body; raises ClientSideError (413) if it is longer than `limit` bytes."""
        too_large = self.content_length is not None and self.content_length > limit
        body = b'' if too_large else self.body_file.read(limit + 1)
        if too_large or len(body) > limit:
            raise wsme.exc.ClientSideError(
                f'The request body is too large: at most {limit} bytes are accepted.', 413
            )
        return body


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler is told: who asks, the query's arguments by name, and the parsed body.

    `query` holds only the arguments that the request gives. `body` is a resource object, a text,
    or None, as the handler has declared it. `further_rules` are those that it may ask for.
    """

    request: ApiRequest
    caller: RequestContext
    policies: PolicyEnforcer
    query: Mapping[str, Any]
    body: Any = None
    further_rules: tuple[str, ...] = ()

    def namespace(self, segment: str | None = None) -> str:
        """The namespace from the path, else from the query, else the default one."""
        return self.query.get('namespace', '') if segment is None else segment

    def authorize(self, rule: str) -> None:
        """Raise NotAllowedException unless the caller passes this further rule."""
        if rule not in self.further_rules:
            # The description of the API would not tell of it.
            raise ValueError(f'The handler does not declare that it asks for the rule {rule}')
        self.policies.authorize(rule, self.caller)
