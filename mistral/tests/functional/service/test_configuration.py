"""Where the configuration comes from."""

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest
import requests

from mistral.tests.functional.service.conftest import StartServer
from mistral.tests.functional.service.processes import clean_environment, script
from mistral.tests.waiting import wait_for

WORKFLOW: Final = """
version: '2.0'
join:
  output: {x: <% $.x %>}
  tasks:
    a: {action: std.echo output=1, publish: {x: {a: <% task().result %>}}, on-success: c}
    b: {action: std.echo output=2, publish: {x: {b: <% task().result %>}}, on-success: c}
    c: {join: all}
"""


def test_a_file_of_mistral_23_works(start_server: StartServer) -> None:
    server = start_server(config_file=Path(__file__).with_name('mistral_23.conf'))
    server.rest.upload(WORKFLOW)
    id_ = server.rest.start('join')
    assert server.rest.wait_until_ended([id_]) == {id_: 'SUCCESS'}
    # The file asks for `merge_strategy = merge`.
    assert server.rest.execution(id_)['output'] == {'x': {'a': 1, 'b': 2}}
    assert requests.get(server.rest.url.removesuffix('/v2') + '/healthcheck', timeout=10).ok
    assert 'ERROR' not in server.log


@pytest.mark.skipif(Path('/etc/mistral').exists(), reason='This machine has a configuration.')
def test_without_any_file_the_database_is_in_the_home_of_the_user(tmp_path: Path) -> None:
    log = tmp_path / 'log'
    with log.open('wb') as output:
        process = subprocess.Popen(
            [script('mistral-server')],
            env=clean_environment(tmp_path, OS_API__PORT='0', OS_API__HOST='127.0.0.1'),
            cwd=tmp_path,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        found = wait_for(
            lambda: re.search(r'Serving (\S+), database (\S+)', log.read_text()), 'server'
        )
        assert found[2] == f'sqlite:///{tmp_path}/.local/share/mistral/mistral.sqlite'
        assert requests.get(f'{found[1]}/workflows', timeout=10).json() == {'workflows': []}
    finally:
        process.terminate()
        assert process.wait(10) == 0
