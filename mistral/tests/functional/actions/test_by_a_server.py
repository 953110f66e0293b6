"""Standard actions as users see and run them."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from mistral.tests.functional.actions.mail_server import serve_mail
from mistral.tests.functional.actions.ssh_servers import python_ssh
from mistral.tests.functional.service.conftest import running_server
from mistral.tests.functional.service.processes import run
from mistral.tests.functional.service.rest import Rest

HTTP_INPUT: Final = (
    'url, method="GET", params=null, body=null, json=null, headers=null, cookies=null, auth=null, '
    'timeout=null, allow_redirects=null, proxies=null, verify=null'
)

#: Contract, section 6.
INPUTS: Final = {
    'std.echo': 'output, delay=0',
    'std.noop': '',
    'std.async_noop': '',
    'std.fail': 'error_data=null',
    'std.http': HTTP_INPUT,
    'std.mistral_http': HTTP_INPUT,
    'std.email': (
        'from_addr, to_addrs, smtp_server, reply_to=null, cc_addrs=null, bcc_addrs=null, '
        'smtp_password=null, subject=null, body=null, html_body=null'
    ),
    'std.ssh': (
        'cmd, host, username, password="", private_key_filename=null, private_key=null, '
        'return_result_on_error=false'
    ),
    'std.ssh_proxied': (
        'cmd, host, username, private_key_filename, gateway_host, gateway_username=null, '
        'password=null, proxy_command=null, private_key=null'
    ),
    'std.javascript': 'script, context=null',
    'std.js': 'script, context=null',
    'std.sleep': 'seconds=1',
    'std.test_dict': 'size=0, key_prefix="", val=""',
    'std.wait_ssh': 'host, username, password',
}

WORKFLOW: Final = """
version: '2.0'
standard:
  input: [mail, host]
  output:
    files: <% $.files %>
    sum: <% $.sum %>
    error: <% task(wrong).result %>
  tasks:
    wait:
      action: std.wait_ssh host=<% $.host %> username="alice" password="secret"
      publish: {files: <% task().result %>}
      on-success: add
    add:
      action: std.js
      input: {script: 'return {sum: $.a + $.b}', context: {a: 1, b: 2}}
      publish: {sum: <% task().result.sum %>}
      on-success: tell
    tell:
      action: std.email
      input:
        from_addr: wf@example.com
        to_addrs: [ops@example.com]
        smtp_server: <% $.mail %>
        body: 'The sum is {{ _.sum }}.'
      on-success: wrong
    wrong:
      action: std.ssh cmd="ls" host=<% $.host %> username="alice" password="hush hush"
      on-error: noop
"""


@pytest.fixture(scope='module')
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    home = tmp_path_factory.mktemp('server')
    url = f'sqlite:///{home}/mistral.sqlite'
    for command in (['upgrade', 'head'], ['populate']):
        done = run(home, 'mistral-db-manage', *command, OS_DATABASE__CONNECTION=url)
        assert done.returncode == 0, done.stderr
    with running_server(home, url) as server:
        yield server


@pytest.fixture(scope='module')
def rest(server: Any) -> Rest:
    found: Rest = server.rest
    return found


def test_parameters_are_those_of_the_contract(rest: Rest) -> None:
    actions = {action['name']: action for action in rest.items('/actions')}
    shown = {name: action['input'] for name, action in actions.items() if name in INPUTS}
    assert {name: text or '' for name, text in shown.items()} == INPUTS
    assert all(actions[name]['description'] for name in INPUTS)
    for parameter in ('url', 'verify', 'timeout'):
        assert f':param {parameter}:' in actions['std.http']['description']


def test_in_a_workflow(server: Any, rest: Rest) -> None:
    rest.upload(WORKFLOW)
    with serve_mail() as mail, python_ssh({'alice': 'secret'}) as host:
        id_ = rest.start('standard', {'mail': mail.address, 'host': host.address})
        states = rest.wait_until_ended([id_])
        execution = rest.execution(id_)
        assert states == {id_: 'SUCCESS'}, execution['state_info']
        (sent,) = mail.received
    assert execution['output']['files'] == 'alice: ls -l'
    assert execution['output']['sum'] == 3
    assert "Failed to execute ssh cmd 'ls' on [" in execution['output']['error']
    assert 'uthentication' in execution['output']['error']
    assert sent.message.get_content().strip() == 'The sum is 3.'
    assert 'hush hush' not in server.log


def test_run_alone(rest: Rest) -> None:
    body = {'name': 'std.js', 'input': json.dumps({'script': 'return $', 'context': [1]})}
    action = rest.call('POST', '/action_executions', json=body)
    assert json.loads(action['output']) == {'result': [1]}
