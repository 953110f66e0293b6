"""The tools of oslo.policy know the rules of the service."""

import json

import pytest
import yaml

from mistral.policies import list_rules
from mistral.tests.functional.service.processes import run


@pytest.fixture
def tool(tmp_path):
    """Runs a tool where there is a policy.yaml; gives what it prints."""

    def tool(name, *arguments, policy=''):
        (tmp_path / 'policy.yaml').write_text(policy)
        config = tmp_path / 'mistral.conf'
        config.write_text(f'[oslo_policy]\npolicy_file = {tmp_path}/policy.yaml\n')
        # They find the configuration as the service does without arguments.
        (tmp_path / '.mistral').mkdir(exist_ok=True)
        (tmp_path / '.mistral' / 'mistral.conf').write_text(config.read_text())
        ended = run(tmp_path, f'oslopolicy-{name}', *arguments)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return tool


def test_sample_has_all_rules(tool):
    sample = tool('sample-generator', '--namespace', 'mistral')
    for rule in list_rules():
        assert f'#"{rule.name}": "{rule.check_str}"' in sample


def test_policy_is_what_is_in_force(tool):
    changed = '"workflows:create": "role:chief"\n'
    printed = yaml.safe_load(tool('policy-generator', '--namespace', 'mistral', policy=changed))
    expected = {rule.name: rule.check_str for rule in list_rules()}
    assert printed == {**expected, 'workflows:create': 'role:chief'}


def test_redundant_rules_are_found(tool):
    policy = '"workflows:create": "rule:admin_or_owner"\n"workflows:get": "role:chief"\n'
    printed = tool('list-redundant', '--namespace', 'mistral', policy=policy)
    assert 'workflows:create' in printed
    assert 'workflows:get' not in printed


@pytest.mark.parametrize(('roles', 'answer'), [(['admin'], 'passed'), (['member'], 'failed')])
def test_checker_says_who_passes(tool, tmp_path, roles, answer):
    token = {
        'token': {
            'user': {'id': 'u', 'domain': {'id': 'd'}},
            'project': {'id': 'p', 'domain': {'id': 'd'}},
            'roles': [{'name': role} for role in roles],
        }
    }
    (tmp_path / 'token.json').write_text(json.dumps(token))
    (tmp_path / 'policy.yaml').write_text(tool('policy-generator', '--namespace', 'mistral'))
    rule = 'workflows:list:all_projects'
    arguments = ['--policy', 'policy.yaml', '--access', 'token.json', '--rule', rule]
    if 'admin' in roles:
        arguments.append('--is_admin')
    ended = run(tmp_path, 'oslopolicy-checker', *arguments)
    assert ended.stdout == f'{answer}: {rule}\n', ended.stderr
