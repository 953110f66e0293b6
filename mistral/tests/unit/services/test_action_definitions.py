"""Stored ad-hoc actions as the catalogue finds them."""

import pytest

from mistral.context import RequestContext
from mistral.db.repositories import Repositories
from mistral.services.action_definitions import StoredActionDefinitions

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
