"""Compares answers with what the OpenAPI document says about them."""

import functools
import re
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import webob

from mistral.api.app import ApiServices
from mistral.api.controllers.root import RootController
from mistral.api.hooks import OPEN_PATHS


def _pattern(url: str) -> str:
    return re.sub(r'\\{\w+\\}', '[^/]+', re.escape(url))


class Contract:
    """The document of an application. All applications of the same settings have the same."""

    def __init__(self, services: ApiServices) -> None:
        description = RootController(services).description
        self.document: dict[str, Any] = description.document('http://localhost')
        self._urls = [
            # Open paths are exact.
            (re.compile(_pattern(url) + ('' if url in OPEN_PATHS else '/?')), url)
            for url in sorted(self.document['paths'], key=lambda url: url.count('{'))
        ]
        self._validator = functools.cache(self._make_validator)

    def check(self, method: str, path: str, answer: webob.Response) -> None:
        """Fail if the answer to this request is not one that the document describes."""
        assert answer.headers.get('X-Openstack-Request-Id', '').startswith('req-')
        operation = self.operation(method, urlsplit(path).path)
        if operation is None:
            # There is no such URL, or not with this method.
            assert answer.status_int in {302, 401, 404, 405, 400, 415, 423}, answer
            return
        status = str(answer.status_int)
        assert status in operation['responses'], f'{method} {path}: {answer}'
        described = self._resolve(operation['responses'][status])
        if 'content' not in described:
            assert answer.body == b''
            return
        assert answer.content_type in described['content'], answer
        if answer.content_type == 'application/json':
            self._validator(operation['operationId'], status).validate(answer.json)

    def operation(self, method: str, path: str) -> dict[str, Any] | None:
        """The operation that serves a path, None if there is none."""
        for pattern, url in self._urls:
            if pattern.fullmatch(path) and method.lower() in self.document['paths'][url]:
                operation: dict[str, Any] = self.document['paths'][url][method.lower()]
                return operation
        return None

    def _make_validator(self, operation_id: str, status: str) -> jsonschema.Draft202012Validator:
        (operation,) = (
            each
            for methods in self.document['paths'].values()
            for each in methods.values()
            if each['operationId'] == operation_id
        )
        described = self._resolve(operation['responses'][status])
        schema = described['content']['application/json']['schema']
        components = {'components': self.document['components']}
        return jsonschema.Draft202012Validator({**schema, **components})

    def _resolve(self, response: dict[str, Any]) -> dict[str, Any]:
        if '$ref' not in response:
            return response
        name = response['$ref'].rpartition('/')[2]
        found: dict[str, Any] = self.document['components']['responses'][name]
        return found
