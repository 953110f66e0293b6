"""Code sources and the actions that refer to them."""

import pytest

from mistral.exceptions import DBEntityNotFoundError, NotAllowedException
from mistral.tests.unit.db.support import ADMIN, OTHER, OWNER, Store


@pytest.fixture
def store(database):
    return Store(database)


def add(store, name='mod', **values):
    values = {'name': name, 'content': 'x = 1', 'version': 1, **values}
    return store.code_sources.insert(OWNER, **values)


def test_an_update_raises_the_version(store):
    id_ = add(store)['id']
    assert store.code_sources.update(id_, {'content': 'x = 2'}, OWNER)['version'] == 2
    assert store.code_sources.update(id_, {'content': 'x = 2'}, ADMIN)['version'] == 3
    assert store.code_sources.get(id_, OWNER)['version'] == 3


def test_others_cannot_update_it(store):
    hidden, public = add(store, 'hidden')['id'], add(store, 'public', scope='public')['id']
    with pytest.raises(DBEntityNotFoundError):
        store.code_sources.update(hidden, {'content': ''}, OTHER)
    with pytest.raises(NotAllowedException):
        store.code_sources.update(public, {'content': ''}, OTHER)


def test_actions_show_the_present_code_and_go_with_it(store):
    source = add(store)
    reference = {'code_source_id': source['id'], 'code_source_name': 'mod'}
    action = store.dynamic_actions.insert(OWNER, name='a', class_name='A', **reference)
    store.code_sources.update(source['id'], {'content': 'x = 2'}, OWNER)
    found = store.dynamic_actions.find(OWNER, name='a')
    assert (found['content'], found['version'], found['class_name']) == ('x = 2', 2, 'A')
    (listed,) = store.dynamic_actions.find_all(OWNER, ('name', 'version'))
    assert listed == {'id': action['id'], 'name': 'a', 'version': 2}

    store.code_sources.delete(source['id'], OWNER)
    assert store.dynamic_actions.find(OWNER, name='a') is None
