"""Definitions that come with the service and its plugins."""

from importlib.metadata import EntryPoint

import pytest

from mistral.context import DEFAULT_PROJECT, RequestContext
from mistral.db import models
from mistral.db.repositories import Repositories
from mistral.exceptions import ConfigurationError, DBDuplicateEntryError, DSLParsingException
from mistral.expressions import Expressions
from mistral.lang.parser import Parser
from mistral.services import populate
from mistral.services.populate import Populator
from mistral.tests.unit.db.support import Store

USER = RequestContext(project_id='user')
NOBODY = RequestContext()


def workflows(**outputs):
    """A text with a workflow for each keyword, whose output is the value."""
    parts = [
        f'{name}:\n  output: {{ x: {value} }}\n  tasks: {{ t: {{ action: std.noop }} }}\n'
        for name, value in outputs.items()
    ]
    return "version: '2.0'\n" + ''.join(parts)


@pytest.fixture
def store(database):
    return Store(database)


@pytest.fixture
def populator(database):
    return Populator(database, Repositories(), Parser(Expressions.load()))


def stored(store):
    """Stored workflows by name."""
    return {row['name']: row for row in store.workflows.list(caller=USER)}


def test_shipped_actions_are_public(populator, store):
    assert populator.put_actions(populate.shipped_actions()) == 1
    action = store.actions.find(USER, name='std.wait_ssh')
    assert (action['namespace'], action['scope'], action['is_system']) == ('', 'public', False)
    assert action['project_id'] == DEFAULT_PROJECT
    assert action['input'] == 'host, username, password'


def test_unchanged_actions_stay_as_they_are(populator, store):
    populator.put_actions(populate.shipped_actions())
    before = store.actions.list(caller=USER)
    populator.put_actions(populate.shipped_actions())
    assert store.actions.list(caller=USER) == before


def test_changed_action_is_replaced(populator, store):
    text = "version: '2.0'\nmine: {{ base: std.echo, base-input: {{ output: {} }} }}\n"
    populator.put_actions([text.format(1)])
    before = store.actions.find(USER, name='mine')
    populator.put_actions([text.format(2)])
    after = store.actions.find(USER, name='mine')
    assert before['id'] == after['id']
    assert after['spec']['base-input'] == {'output': 2}


def test_workflows_are_public_and_of_the_system(populator, store):
    assert populator.put_workflows([workflows(a=1, b=2), workflows(c=3)]) == 3
    rows = stored(store)
    assert sorted(rows) == ['a', 'b', 'c']
    assert {(row['scope'], row['is_system'], row['project_id']) for row in rows.values()} == {
        ('public', True, DEFAULT_PROJECT)
    }


def test_workflows_keep_their_ids(populator, store):
    populator.put_workflows([workflows(a=1, b=2)])
    before = stored(store)
    populator.put_workflows([workflows(a=1, b=3)])
    after = stored(store)
    assert {name: row['id'] for name, row in after.items()} == {
        name: row['id'] for name, row in before.items()
    }
    assert after['b']['definition'] != before['b']['definition']
    assert after['b']['checksum'] != before['b']['checksum']


def test_workflow_that_is_not_installed_any_more_goes(populator, store):
    populator.put_workflows([workflows(a=1, b=2)])
    populator.put_workflows([workflows(b=2)])
    assert sorted(stored(store)) == ['b']


def test_workflow_of_a_trigger_stays(populator, store, database, caplog):
    populator.put_workflows([workflows(a=1, b=1)])
    with database.transaction() as connection:
        connection.execute(
            models.event_triggers.insert().values(
                id='1', workflow_id=stored(store)['a']['id'], exchange='e', topic='t', event='v'
            )
        )
    populator.put_workflows([])
    assert sorted(stored(store)) == ['a']
    assert 'Workflow a is not installed any more, but it stays' in caplog.text


def test_workflow_of_a_user_is_left_alone(populator, store):
    mine = store.workflows.insert(NOBODY, name='b', definition='mine')
    with pytest.raises(DBDuplicateEntryError):
        populator.put_workflows([workflows(a=1, b=2)])
    assert list(stored(store)) == []
    assert store.workflows.get(mine['id'], NOBODY)['definition'] == 'mine'


def test_text_that_cannot_be_used(populator, store):
    with pytest.raises(DSLParsingException):
        populator.put_workflows([workflows(a=1), "version: '2.0'\nb: {}\n"])
    assert stored(store) == {}


def files_of_the_plugin():
    """What a plugin offers under its entry point."""
    return ['b.yaml', 'a.yaml']


def plugin(group):
    return [EntryPoint('mine', f'{__name__}:files_of_the_plugin', group)]


def test_files_of_plugins_are_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in files_of_the_plugin():
        (tmp_path / name).write_text(f'text of {name}')
    assert populate.preinstalled_workflows(plugin) == ['text of b.yaml', 'text of a.yaml']


def test_missing_file_of_a_plugin(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        populate.preinstalled_workflows(plugin)
    assert str(caught.value).startswith(
        'Plugin mine of mistral.preinstalled_workflows: cannot read b.yaml: '
    )


def test_without_plugins_there_are_no_workflows():
    assert populate.preinstalled_workflows(lambda group: []) == []
