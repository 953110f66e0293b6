"""The options are those of Mistral 23 and a few new ones."""

import logging
import re

import pytest
from oslo_config import cfg

from mistral import config
from mistral.config.options import OPTIONS

#: Defaults by group: operations contract 2.1.
DEFAULTS: dict[str, dict[str, object]] = {
    'DEFAULT': {
        'workflow_trace_log_name': 'workflow_trace',
        'auth_type': 'keystone',
        'scheduler_type': 'legacy',
        'expiration_token_duration': 30,
        'graceful_shutdown_timeout': 60,
        'log_options': True,
    },
    'profiler': {
        'enabled': False,
        'hmac_keys': 'SECRET_KEY',
        'trace_sqlalchemy': False,
        'profiler_log_name': 'profiler_trace',
    },
    'action_providers': {'allowlist': [], 'denylist': []},
    'legacy_action_provider': {
        'load_action_plugins': True,
        'load_action_generators': True,
        'only_builtin_actions': False,
        'allowlist': [],
        'denylist': [],
    },
    'api': {
        'host': '0.0.0.0',
        'port': 8989,
        'max_limit': 1000,
        'allow_action_execution_deletion': False,
        'enable_ssl_api': False,
        'api_workers': None,
        'validation_mode': 'mandatory',
        'enable_info_endpoint': False,
        'info_json_file_path': 'info.json',
    },
    'engine': {
        'engine': 'default',
        'host': '0.0.0.0',
        'topic': 'mistral_engine',
        'version': '1.0',
        'execution_field_size_limit_kb': 1024,
        'memory_limit_mb': 0,
        'execution_integrity_check_delay': 20,
        'execution_integrity_check_batch_size': 5,
        'action_definition_cache_time': 60,
        'start_subworkflows_via_rpc': False,
        'merge_strategy': 'replace',
    },
    'executor': {
        'type': 'remote',
        'host': '0.0.0.0',
        'topic': 'mistral_executor',
        'version': '1.0',
    },
    'scheduler': {
        'fixed_delay': 1,
        'random_delay': 0,
        'batch_size': None,
        'in_memory_workers': 10,
        'captured_job_timeout': 30,
        'pickup_job_after': 10,  # 60 in Mistral 23: a lost call is late for so long
    },
    'cron_trigger': {'enabled': True, 'execution_interval': 1, 'run_in_api': True},
    'event_engine': {
        'host': '0.0.0.0',
        'listener_pool_name': 'events',
        'topic': 'mistral_event_engine',
        'event_definitions_cfg_file': '/etc/mistral/event_definitions.yaml',
    },
    'notifier': {
        'type': 'remote',
        'host': '0.0.0.0',
        'topic': 'mistral_notifier',
        'notify': None,
    },
    'pecan': {
        'root': 'mistral.api.controllers.root.RootController',
        'modules': ['mistral.api'],
        'debug': False,
        'auth_enable': True,
    },
    'execution_expiration_policy': {
        'evaluation_interval': None,
        'older_than': None,
        'max_finished_executions': 0,
        'batch_size': 0,
        'ignored_states': [],
    },
    'action_heartbeat': {
        'max_missed_heartbeats': 15,
        'check_interval': 20,
        'batch_size': 10,
        'first_heartbeat_timeout': 3600,
    },
    'action_logging': {
        'hide_response_body': False,
        'hide_request_body': False,
        'sensitive_headers': [],
    },
    'action_std_http': {
        'allowed_hosts': [],
        'denied_cidrs': ['127.0.0.0/8', '::1/128', '169.254.0.0/16', 'fe80::/10'],
        'default_timeout': 60,
        'max_response_size_bytes': 5242880,
    },
    'context_versioning': {'enabled': True, 'hash_version_keys': True},
    'expressions': {'allowed_languages': ['yaql', 'jinja']},
    'yaql': {
        'limit_iterators': -1,
        'memory_quota': -1,
        'convert_input_data': True,
        'convert_output_data': True,
        'convert_tuples_to_lists': True,
        'convert_sets_to_lists': False,
        'iterable_dicts': False,
        'keyword_operator': '=>',
        'allow_delegates': False,
    },
    'keycloak_oidc': {
        'auth_url': None,
        'certfile': None,
        'keyfile': None,
        'cafile': None,
        'insecure': False,
        'user_info_endpoint_url': '/realms/%s/protocol/openid-connect/userinfo',
        'public_cert_url': '/realms/%s/protocol/openid-connect/certs',
        'keycloak_iss': None,
    },
    'keystone_authtoken': {
        'admin_user': None,
        'admin_password': None,
        'admin_tenant_name': 'admin',
    },
    'healthcheck': {'enabled': False},
    'ssl': {
        'ca_file': None,
        'cert_file': None,
        'key_file': None,
        'version': None,
        'ciphers': None,
    },
}

#: What Mistral 23 does not have.
NEW: dict[str, dict[str, object]] = {
    # PyV8, the default of Mistral 23, runs on no Python of today.
    'DEFAULT': {'rpc_implementation': 'kombu', 'js_implementation': 'py_mini_racer'},
    'api': {'workers': 1, 'threads': 10},
    'engine': {
        'workers': 1,
        'threads': 4,
        'execution_cache_size': 200_000,
        'strict_language': False,
    },
    'executor': {
        'workers': 1,
        'concurrency_model': 'threads',
        'threads': 64,
        'green_threads': 1000,
    },
    'action_std_email': {
        'allowed_hosts': [],
        'denied_cidrs': ['169.254.0.0/16', 'fe80::/10'],
        'timeout': 60,
        'verify_certificates': False,
    },
    'action_std_ssh': {
        'allowed_hosts': [],
        'denied_cidrs': ['169.254.0.0/16', 'fe80::/10'],
        'connect_timeout': 30,
        'command_timeout': 0,
        'max_output_size_bytes': 5 * 1024 * 1024,
        'host_key_policy': 'accept',
        'known_hosts_files': ['/etc/ssh/ssh_known_hosts', '~/.ssh/known_hosts'],
        'key_directories': ['~/.ssh'],
        'use_own_keys': False,
        'allow_proxy_command': False,
    },
    'action_std_javascript': {'timeout': 60, 'memory_limit_mb': 128},
    'monitoring': {'host': '127.0.0.1', 'port': 0},
    'keycloak_oidc': {'audience': []},
    'credentials': {'encryption_keys': []},
    'event_engine': {'reload_interval': 1},
    'notifier': {
        'threads': 32,
        'threads_per_target': 4,
        'retry_delay': 1,
        'retry_max_delay': 60,
        'retry_for': 86400,
        'log_file': None,
    },
    'notifier_zaqar': {'endpoint': None, 'interface': 'public', 'region_name': None},
}

#: Wrong values with a part of the answer.
REFUSED = [
    ('api', 'port', '65536', 'less than or equal to 65535'),
    ('api', 'max_limit', '0', 'greater than or equal to 1'),
    ('api', 'max_limit', 'many', "'many'"),
    ('api', 'validation_mode', 'sometimes', 'Valid values are [enabled, mandatory, disabled]'),
    ('engine', 'merge_strategy', 'mix', 'Valid values are [replace, merge]'),
    ('engine', 'execution_integrity_check_batch_size', '0', 'greater than or equal to 1'),
    ('api', 'workers', '0', 'greater than or equal to 1'),
    ('engine', 'workers', '0', 'greater than or equal to 1'),
    ('engine', 'threads', '0', 'greater than or equal to 1'),
    ('executor', 'workers', '0', 'greater than or equal to 1'),
    ('executor', 'concurrency_model', 'x', 'Valid values are [threads, eventlet]'),
    ('action_std_ssh', 'host_key_policy', 'x', 'Valid values are [accept, strict]'),
    ('scheduler', 'fixed_delay', '0', 'greater than or equal to 0.1'),
    ('cron_trigger', 'execution_interval', '0', 'greater than or equal to 1'),
    ('action_heartbeat', 'check_interval', '-1', 'greater than or equal to 0'),
    ('action_std_http', 'default_timeout', '-1', 'greater than or equal to 0'),
    ('yaql', 'limit_iterators', '-2', 'greater than or equal to -1'),
    ('pecan', 'auth_enable', 'perhaps', 'perhaps'),
    ('notifier', 'notify', '{"type": "noop"}', 'Value should start with "["'),
    ('notifier', 'notify', '[{"type": "noop"}', 'Value should end with "]"'),
    ('notifier', 'notify', '[{"type": }]', 'Value should be JSON'),
]

#: What plugins of third parties can be named by.
PLUGIN_NAMES = [
    ('DEFAULT', 'auth_type'),
    ('DEFAULT', 'js_implementation'),
    ('DEFAULT', 'rpc_implementation'),
    ('DEFAULT', 'scheduler_type'),
    ('executor', 'type'),
]


def by_name(group: str) -> dict[str, cfg.Opt]:
    return {option.name: option for option in OPTIONS[group]}


def parse(group: str, name: str, text: str):
    return by_name(group)[name].type(text)


def test_there_are_the_options_of_mistral_23_and_the_new_ones():
    groups = DEFAULTS.keys() | NEW.keys()
    expected = {group: {*DEFAULTS.get(group, {}), *NEW.get(group, {})} for group in groups}
    # What belongs to keystone is told by keystoneauth1.
    own = OPTIONS.keys() - {'keystone'}
    assert {group: {*by_name(group)} for group in own} == expected


@pytest.mark.parametrize(
    ('group', 'name', 'default'),
    [
        (group, name, default)
        for table in (DEFAULTS, NEW)
        for group, defaults in table.items()
        for name, default in defaults.items()
    ],
)
def test_default(group, name, default):
    conf = cfg.ConfigOpts()
    config.register(conf)
    assert (conf if group == 'DEFAULT' else conf[group])[name] == default


@pytest.mark.parametrize(('group', 'name', 'text', 'answer'), REFUSED)
def test_wrong_value_is_refused(group, name, text, answer):
    with pytest.raises(ValueError, match=re.escape(answer)):
        parse(group, name, text)


@pytest.mark.parametrize(('group', 'name'), PLUGIN_NAMES)
def test_plugin_can_be_named(group, name):
    assert parse(group, name, 'my-plugin') == 'my-plugin'


def test_language_of_a_plugin_can_be_allowed():
    assert parse('expressions', 'allowed_languages', 'yaql, cel') == ['yaql', 'cel']


def test_publishers_are_json():
    text = '[{"type": "webhook", "headers": {"a": "1, 2"}}, {"type": "noop"}]'
    assert parse('notifier', 'notify', text) == [
        {'type': 'webhook', 'headers': {'a': '1, 2'}},
        {'type': 'noop'},
    ]


def test_publishers_are_not_logged(caplog):
    """They may have secrets in them."""
    conf = cfg.ConfigOpts()
    config.register(conf)
    conf([], project='mistral')
    conf.set_override('notify', [{'type': 'webhook', 'secret': 'a-secret'}], 'notifier')
    conf.log_opt_values(logging.getLogger(), logging.WARNING)
    assert 'notifier.notify ' in caplog.text
    assert 'a-secret' not in caplog.text


def test_database_options_are_registered_without_a_connection():
    conf = cfg.ConfigOpts()
    config.register(conf)
    assert conf.database.connection is None
    assert conf.database.max_pool_size == 5


@pytest.mark.parametrize('group', list(OPTIONS))
def test_every_option_explains_itself(group):
    assert [option.name for option in OPTIONS[group] if not (option.help or '').strip('.')] == []


def test_options_are_listed_for_the_sample_file():
    listed = [(group, option.name) for group, options in config.list_opts() for option in options]
    assert ('DEFAULT', 'server') in listed
    assert len(listed) == len(set(listed)) == 1 + sum(map(len, OPTIONS.values()))


def test_plugins_find_the_options_registered():
    assert config.CONF.executor.type == 'remote'


def test_defaults_of_libraries():
    conf = cfg.ConfigOpts()
    config.load([], 'mistral-server', conf=conf)
    config.load([], 'mistral-server', conf=conf)
    assert conf.default_log_levels.count('oslo_db=WARN') == 1
    assert 'mistral.services.periodic=INFO' in conf.default_log_levels
