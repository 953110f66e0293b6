"""Stored ad-hoc actions as the catalogue finds them."""

import pytest

from mistral.context import RequestContext
from mistral.db.repositories import Repositories
from mistral.services.action_definitions import StoredActionDefinitions, StoredDynamicActions

OWN = RequestContext(project_id='p1')
OTHER = RequestContext(project_id='p2')


@pytest.fixture
def definitions(database):
    repositories = Repositories()
    with database.transaction() as conn:
        for caller, name, namespace, scope in (
            (OTHER, 'shared', '', 'public'),
            (OWN, 'shared', '', 'private'),
            (OWN, 'own', 'ns', 'private'),
            (OTHER, 'hidden', '', 'private'),
        ):
            values = {'name': name, 'namespace': namespace, 'scope': scope, 'spec': {}}
            repositories.actions.insert(conn, values, caller)
    return StoredActionDefinitions(database, repositories)


def test_own_action_goes_before_a_public_one(definitions):
    assert definitions.find('shared', '', OWN)['project_id'] == 'p1'
    assert definitions.find('shared', '', RequestContext('p3'))['project_id'] == 'p2'


@pytest.mark.parametrize(('name', 'namespace'), [('hidden', ''), ('own', ''), ('shared', 'ns')])
def test_what_is_not_found(definitions, name, namespace):
    assert definitions.find(name, namespace, OWN) is None


@pytest.mark.parametrize(
    ('namespace', 'names'),
    [('', ['shared', 'shared']), ('ns', ['own']), (None, ['own', 'shared', 'shared'])],
)
def test_all(definitions, namespace, names):
    assert sorted(row['name'] for row in definitions.find_all(namespace, OWN)) == names


class TestDynamic:
    @pytest.fixture
    def repositories(self):
        return Repositories()

    @pytest.fixture
    def dynamic(self, database, repositories):
        sources = {'one': OWN, 'two': OTHER}
        actions = (
            ('a', OWN, 'one', 'private'), ('b', OWN, 'one', 'private'),
            ('c', OWN, 'one', 'private'), ('d', OTHER, 'two', 'public'),
            ('hidden', OTHER, 'two', 'private'),
        )  # fmt: skip
        with database.transaction() as conn:
            for id_, owner in sources.items():
                values = {'id': id_, 'name': id_, 'content': f'text of {id_}', 'version': 3}
                repositories.code_sources.insert(conn, values, owner)
            for name, owner, source, scope in actions:
                repositories.dynamic_actions.insert(
                    conn,
                    {'name': name, 'class_name': 'C', 'code_source_id': source,
                     'code_source_name': source, 'scope': scope},
                    owner,
                )  # fmt: skip
        return StoredDynamicActions(database, repositories)

    def test_lists_tell_what_single_ones_do(self, dynamic):
        listed = dynamic.find_all(None, OWN)
        assert sorted(row['name'] for row in listed) == ['a', 'b', 'c', 'd']
        for row in listed:
            assert row == dynamic.find(row['name'], '', OWN)
            assert (row['content'], row['version']) == (f'text of {row["code_source_id"]}', 3)

    def test_each_source_is_read_once(self, dynamic, repositories, monkeypatch):
        read = []

        def list_(*args):
            found = original(*args)
            read.extend(row['content'] for row in found)
            return found

        original = repositories.code_sources.list
        monkeypatch.setattr(repositories.code_sources, 'list', list_)
        dynamic.find_all(None, OWN)
        assert sorted(read) == ['text of one', 'text of two']

    def test_a_source_that_goes_meanwhile_takes_its_actions_along(
        self, dynamic, repositories, monkeypatch
    ):
        monkeypatch.setattr(repositories.code_sources, 'list', lambda *args: [])
        assert dynamic.find_all(None, OWN) == []
