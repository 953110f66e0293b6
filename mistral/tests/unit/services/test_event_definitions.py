"""The file of event definitions."""

import pytest

from mistral.exceptions import ConfigurationError
from mistral.expressions import Expressions
from mistral.services.event_definitions import EventDefinitions, read_definitions

DATA = {
    'event_type': 'compute.instance.create.end',
    'payload': {'id': 'i1', '*odd': 1},
    'publisher': 'host1',
    'timestamp': 'now',
    'context': {'project_id': 'p'},
}


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / 'definitions.yaml'
        path.write_text(text)
        return read_definitions(str(path))

    return read


def params(definitions):
    return EventDefinitions(definitions, Expressions.load()).event_params(DATA)


def test_the_last_definition_that_fits_counts(read):
    definitions = read(
        '- {event_types: [nova.*, compute.*], properties: {a: 1}}\n'
        '- {event_types: compute.instance.*, properties: {b: <% $.payload.id %>, c: *x}}\n'
        '- {event_types: [COMPUTE.*, compute], properties: {d: 1}}\n'
    )
    assert params(definitions) == {'b': 'i1', 'c': '*x'}
    assert params(definitions[:1]) == {'a': 1}


@pytest.mark.parametrize('text', ['', '[]'])
def test_defaults(read, text):
    assert params(read(text)) == {
        'service': 'host1',
        'project_id': 'p',
        'user_id': None,
        'timestamp': 'now',
    }


def test_a_missing_file_is_fine(tmp_path):
    assert read_definitions(str(tmp_path / 'none')) == []


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('- {properties: {}}', 'Required field event_types not specified'),
        ('- {event_types: a}', 'Required field properties not specified'),
        ('- [', 'Invalid event definition configuration file.'),
        ('a: b', 'it has to be a list'),
        ('- text', 'entry 1: it has to be a mapping'),
        ('- {event_types: [1], properties: {}}', 'event_types has to be'),
        ('- {event_types: a, properties: 1}', 'properties has to be'),
    ],
)
def test_mistakes(read, text, message):
    with pytest.raises(ConfigurationError, match=message) as caught:
        read(text)
    assert 'definitions.yaml' in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigurationError, match='event_definitions_cfg_file'):
        read_definitions(str(tmp_path))


def test_the_sample_is_good():
    definitions = read_definitions('etc/event_definitions.yml.sample')
    assert definitions[0].properties['user_id'] == '<% $.context.user_id %>'
