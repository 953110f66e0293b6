"""How inputs and outputs of definitions are told."""

import pytest

from mistral.lang.specs import REQUIRED, ActionSpec
from mistral.services.interfaces import (
    action_input_text,
    workflow_input_text,
    workflow_interface,
)
from mistral.services.published import published_global


@pytest.mark.parametrize(
    ('spec', 'text'),
    [
        ({}, ''),
        ({'input': ['msg', {'times': 2}]}, 'msg, times="2"'),
        ({'input': [{'nothing': None}]}, 'nothing="None"'),
    ],
)
def test_workflow_input_text(spec, text):
    assert workflow_input_text(spec) == text


@pytest.mark.parametrize(
    ('spec', 'interface'),
    [
        ({}, {'input': [], 'output': []}),
        (
            {'input': ['a', {'b': 2}], 'output': {'c': 1, 'd': 2}},
            {'input': ['a', {'b': 2}], 'output': ['c', 'd']},
        ),
        ({'input': None, 'output': None}, {'input': [], 'output': []}),
    ],
)
def test_workflow_interface(spec, interface):
    assert workflow_interface(spec) == interface


def test_action_input_shows_defaults_as_json():
    spec = ActionSpec('a', 'std.echo', input={'name': REQUIRED, 'greet': 'Hi', 'n': None})

    assert action_input_text(spec) == 'name, greet="Hi", n=null'


def test_published_global_leaves_out_internals_and_vars():
    context = {'__execution': {'id': 1}, 'openstack': {}, 'declared': 1, 'published': 2}

    assert published_global(context, {'vars': {'declared': 0}}) == {'published': 2}


def test_published_global_of_nothing_is_empty():
    assert published_global(None, None) == {}
