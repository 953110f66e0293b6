"""The options of the expiration policy; what it deletes is tested on all kinds of databases."""

from datetime import timedelta

import pytest
from oslo_config import cfg

from mistral import config
from mistral.cmd import settings
from mistral.exceptions import ConfigurationError
from mistral.services.expiration import ExpirationPolicy

HOUR = timedelta(hours=1)


@pytest.fixture
def conf():
    def conf(**values):
        made = cfg.ConfigOpts()
        config.register(made)
        for name, value in values.items():
            made.set_override(name, value, 'execution_expiration_policy')
        return made

    return conf


@pytest.mark.parametrize(
    'values',
    [
        {},
        {'evaluation_interval': 60},
        {'older_than': 60},
        {'max_finished_executions': 5},
        {'evaluation_interval': 60, 'older_than': 0},
        {'evaluation_interval': 0, 'older_than': 5},
    ],
)
def test_nothing_is_deleted_unless_that_is_wanted(conf, database, values):
    assert ExpirationPolicy.from_config(conf(**values)) is None
    assert settings.expiration_duties(conf(**values), database) == []


@pytest.mark.parametrize(
    ('values', 'policy'),
    [
        ({'older_than': 60}, ExpirationPolicy(HOUR, HOUR)),
        ({'max_finished_executions': 5}, ExpirationPolicy(HOUR, keep=5)),
        (
            {'older_than': 60, 'batch_size': 7, 'ignored_states': ['ERROR']},
            ExpirationPolicy(HOUR, HOUR, batch_size=7, states=('SUCCESS', 'CANCELLED')),
        ),
    ],
)
def test_policies(conf, values, policy):
    assert ExpirationPolicy.from_config(conf(evaluation_interval=60, **values)) == policy


def test_there_is_a_duty(conf, database):
    (duty,) = settings.expiration_duties(conf(evaluation_interval=60, older_than=60), database)
    assert duty.name == 'expiration'
    duty.perform()


@pytest.mark.parametrize('values', [{}, {'evaluation_interval': 60, 'older_than': 60}])
def test_unknown_states_stop_the_start(conf, values):
    with pytest.raises(ConfigurationError) as caught:
        ExpirationPolicy.from_config(conf(ignored_states=['ERROR', 'RUNNING'], **values))
    assert str(caught.value).endswith(
        "RUNNING is not a terminal state. The valid states are ['SUCCESS', 'ERROR', 'CANCELLED']"
    )
