"""What belongs to others: not there, or there to be read."""

from dataclasses import dataclass
from typing import Any

import pytest

from mistral.tests.unit.api.access.conftest import Access
from mistral.tests.unit.api.access.objects import Objects
from mistral.tests.unit.api.access.table import (
    ACTION,
    CRON,
    EVENT,
    TABLE,
    WORKBOOK,
    WORKFLOW,
    Row,
)

NOWHERE = '11111111-2222-4333-8444-555555555555'
#: Workflows have no names that look like ids.
NO_NAME = 'nowhere'

#: Requests about a single object that is not visible to the project `other`.
HIDDEN = [row for row in TABLE if row.by_project['other'] == '404']


class Nothing(dict[str, str]):
    """Names things that are not there."""

    def __missing__(self, kind: str) -> str:
        return NO_NAME if kind == 'workflow_name' else NOWHERE


@pytest.mark.parametrize('row', HIDDEN, ids=lambda row: f'{row.method} {row.path}')
def test_not_yours_looks_like_not_there(access: Access, objects: Objects, row: Row) -> None:
    not_there = access.ask('other', row, Nothing(new=objects['new']))

    not_yours = access.ask('other', row, objects)

    assert not_yours.status_int == not_there.status_int == 404
    assert blurred(not_yours.json, objects) == blurred(not_there.json, objects)
    assert set(not_yours.headers) == set(not_there.headers)


def blurred(answer: dict[str, str], objects: Objects) -> dict[str, str]:
    """The answer without what tells which object was asked for."""
    text = answer['faultstring']
    for name in (*objects.values(), NOWHERE, NO_NAME):
        text = text.replace(name, 'IT')
    return {**answer, 'faultstring': text}


def test_the_rows_of_the_table_are_hidden_at_all() -> None:
    assert len(HIDDEN) > 30


@dataclass(frozen=True)
class PublicObject:
    collection: str
    key: str
    body: dict[str, Any]

    @property
    def path(self) -> str:
        return f'/v2/{self.collection}/{self.key}'


def filled(body: dict[str, Any], name: str, objects: Objects) -> dict[str, Any]:
    """The body with its name, and with a workflow where it needs one."""
    named = {key: name if value in ('$new', '{}') else value for key, value in body.items()}
    needs_workflow = 'variables' not in body
    extra = {'workflow_id': objects['public_workflow']} if needs_workflow else {}
    return {**named, **extra, 'scope': 'public'}


def drop_scope(body: Any) -> Any:
    if isinstance(body, str):
        return body
    return {name: value for name, value in body.items() if name != 'scope'}


#: Public objects by the URL of their collection: how administrators make them, and change them.
PUBLIC: dict[str, dict[str, Any]] = {
    'workflows': {'text': WORKFLOW},
    'workbooks': {'text': WORKBOOK},
    'actions': {'text': ACTION},
    'environments': {'json': {'name': '{}', 'variables': {}, 'scope': 'public'}},
    'cron_triggers': {'json': CRON},
    'event_triggers': {'json': EVENT},
}


@pytest.fixture(params=PUBLIC)
def public(request: pytest.FixtureRequest, access: Access, objects: Objects) -> PublicObject:
    """A public object of another project."""
    collection = request.param
    name = objects['new']
    body: dict[str, Any] = {
        kind: (value.format(name) if kind == 'text' else filled(value, name, objects))
        for kind, value in PUBLIC[collection].items()
    }
    query = '?scope=public' if 'text' in body else ''
    answer = access.request('admin', 'POST', f'/v2/{collection}{query}', **body)
    assert answer.status_int == 201, answer.text
    key = answer.json['id'] if collection == 'event_triggers' else name
    return PublicObject(collection, key, body)


def test_everybody_reads_what_is_public(access: Access, public: PublicObject) -> None:
    for project in ('other', 'owner', 'admin'):
        answer = access.request(project, 'GET', public.path)
        assert answer.status_int == 200
        assert answer.json['scope'] == 'public'
        listed = access.request(project, 'GET', f'/v2/{public.collection}').json
        assert answer.json['id'] in {each['id'] for each in listed[public.collection]}


def test_nobody_else_changes_what_is_public(access: Access, public: PublicObject) -> None:
    before = access.request('admin', 'GET', public.path).json

    refused = [access.request('other', 'DELETE', public.path)]
    if public.collection == 'event_triggers':
        refused.append(access.request('other', 'PUT', public.path, json={'name': 'mine'}))
    elif public.collection != 'cron_triggers':
        body = {kind: drop_scope(value) for kind, value in public.body.items()}
        refused.append(access.request('other', 'PUT', f'/v2/{public.collection}', **body))

    for answer in refused:
        assert answer.status_int == 403, answer.text
        assert 'resource of other projects' in answer.json['faultstring']
    assert access.request('admin', 'GET', public.path).json == before
