"""Who passes which rule, and what an operator's policy file changes."""

import pytest
from oslo_config import cfg

from mistral.context import RequestContext
from mistral.exceptions import NotAllowedException
from mistral.policies import PolicyEnforcer, list_rules
from mistral.policies.enforcer import RELOAD_INTERVAL

USER = RequestContext(project_id='p1', user_id='u1', roles=('member',))
ADMIN = RequestContext(project_id='p1', roles=('admin',), is_admin=True)


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def conf():
    conf = cfg.ConfigOpts()
    conf([])
    return conf


def is_allowed(enforcer, rule, caller):
    try:
        enforcer.authorize(rule, caller)
    except NotAllowedException:
        return False
    return True


@pytest.mark.parametrize(
    ('rule', 'user_may'),
    [
        ('workflows:create', True),
        ('executions:list', True),
        ('action_executions:delete', True),
        ('environments:update', True),
        ('cron_triggers:create', True),
        ('event_triggers:update', True),
        ('members:create', True),
        ('workflows:publicize', False),
        ('cron_triggers:publicize', False),
        ('cron_triggers:list:all_projects', False),
        ('event_triggers:publicize', False),
        ('event_triggers:list:all_projects', False),
        ('executions:list:all_projects', False),
        ('code_sources:list', False),
    ],
)
def test_defaults(conf, rule, user_may):
    enforcer = PolicyEnforcer(conf)

    assert is_allowed(enforcer, rule, USER) is user_may
    assert is_allowed(enforcer, rule, ADMIN) is True


def test_unknown_rule_lets_nobody_pass(conf):
    assert not is_allowed(PolicyEnforcer(conf), 'workflows:fly', ADMIN)


def test_policy_file_overrides_defaults_and_is_read_again(tmp_path):
    policy_file = tmp_path / 'policy.yaml'
    policy_file.write_text("'workflows:create': 'role:author'\n")
    config_file = tmp_path / 'mistral.conf'
    config_file.write_text(f'[oslo_policy]\npolicy_file = {policy_file}\n')
    conf = cfg.ConfigOpts()
    conf(['--config-file', str(config_file)])
    clock = Clock()
    enforcer = PolicyEnforcer(conf, clock)

    assert not is_allowed(enforcer, 'workflows:create', USER)

    policy_file.write_text("'workflows:create': 'role:member'  # everybody\n")
    clock.now += RELOAD_INTERVAL
    assert is_allowed(enforcer, 'workflows:create', USER)


def test_rules_have_unique_names_and_are_documented():
    rules = list_rules()

    assert len({rule.name for rule in rules}) == len(rules)
    assert all(rule.description for rule in rules)
