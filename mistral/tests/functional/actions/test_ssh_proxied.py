"""`std.ssh_proxied` through a real gateway to a real server."""

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mistral.exceptions import ActionException
from mistral.tests.functional.actions.conftest import Override, Run
from mistral.tests.functional.actions.ssh_servers import (
    SSHD,
    USER,
    Key,
    SshServer,
    openssh,
    python_ssh,
)

KEY = Key.generate()
SECRET = 'secret'

#: What `nc HOST PORT` does, for machines without it.
NC = """
import os, socket, sys, threading
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])))
def write():
    while data := os.read(0, 65536):
        connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)
threading.Thread(target=write, daemon=True).start()
while data := connection.recv(65536):
    os.write(1, data)
"""


@pytest.fixture(scope='module')
def gateway() -> Iterator[SshServer]:
    """Its users are alice and carol."""
    with python_ssh({'alice': SECRET, 'carol': SECRET}, authorized=KEY.public) as server:
        yield server


@pytest.fixture(scope='module')
def target() -> Iterator[SshServer]:
    with python_ssh({'alice': SECRET}, authorized=KEY.public) as server:
        yield server


@pytest.fixture(autouse=True)
def no_known_hosts(override: Override) -> None:
    override('action_std_ssh', known_hosts_files=[])


@pytest.fixture
def proxied(run: Run, gateway: SshServer, target: SshServer) -> Run:
    def proxied(**input_: Any) -> Any:
        gateway.forwarded.clear()
        gateway.users.clear()
        defaults = {
            'cmd': 'ls',
            'host': target.address,
            'username': 'alice',
            'private_key_filename': None,
            'gateway_host': gateway.address,
        }
        return run('std.ssh_proxied', **{**defaults, **input_})

    return proxied


def test_with_a_password(proxied: Run, gateway: SshServer, target: SshServer) -> None:
    assert proxied(password=SECRET) == 'alice: ls'
    assert gateway.forwarded == [('127.0.0.1', target.port)]
    assert gateway.users == ['alice']


def test_with_a_key(proxied: Run, gateway: SshServer, target: SshServer) -> None:
    assert proxied(private_key=KEY.private) == 'alice: ls'
    assert gateway.forwarded == [('127.0.0.1', target.port)]


def test_with_a_key_in_a_file(proxied: Run, override: Override, tmp_path: Path) -> None:
    (tmp_path / 'id').write_text(KEY.private)
    override('action_std_ssh', key_directories=[str(tmp_path)])
    assert proxied(private_key_filename='id') == 'alice: ls'


def test_another_user_on_the_gateway(proxied: Run, gateway: SshServer) -> None:
    assert proxied(password=SECRET, gateway_username='carol') == 'alice: ls'
    assert gateway.users == ['carol']


def test_several_hosts(proxied: Run, target: SshServer) -> None:
    hosts = [target.address, f'localhost:{target.port}']
    assert proxied(password=SECRET, host=hosts) == ['alice: ls', 'alice: ls']


def test_a_failing_command(proxied: Run) -> None:
    def fail(process: Any) -> None:
        process.stderr.write('no way')
        process.exit(2)

    with (
        python_ssh({'alice': SECRET}, fail) as server,
        pytest.raises(ActionException, match='exit code 2, no way'),
    ):
        proxied(password=SECRET, host=server.address)


@pytest.mark.parametrize('where', ['gateway_host', 'host'])
def test_a_host_with_another_key(
    proxied: Run,
    override: Override,
    gateway: SshServer,
    target: SshServer,
    tmp_path: Path,
    where: str,
) -> None:
    port = gateway.port if where == 'gateway_host' else target.port
    (tmp_path / 'known_hosts').write_text(f'[127.0.0.1]:{port} {Key.generate().public}')
    override('action_std_ssh', known_hosts_files=[str(tmp_path / 'known_hosts')])
    with pytest.raises(ActionException, match=r'(?i)host key'):
        proxied(password=SECRET)


def test_a_wrong_password_for_the_gateway(proxied: Run) -> None:
    with pytest.raises(ActionException, match='uthentication'):
        proxied(password='wrong')


class TestProxyCommand:
    def test_is_refused(self, proxied: Run, tmp_path: Path) -> None:
        with pytest.raises(ActionException, match='allow_proxy_command'):
            proxied(password=SECRET, proxy_command=f'touch {tmp_path}/harm')
        assert list(tmp_path.iterdir()) == []

    def test_runs_where_the_operator_wants_it(
        self, proxied: Run, override: Override, gateway: SshServer, tmp_path: Path
    ) -> None:
        override('action_std_ssh', allow_proxy_command=True)
        (tmp_path / 'nc.py').write_text(NC)
        command = f'{sys.executable} {tmp_path}/nc.py 127.0.0.1 {gateway.port}'
        result = proxied(password=SECRET, gateway_host='gateway.test', proxy_command=command)
        assert result == 'alice: ls'


class TestRules:
    def test_hold_for_the_gateway(self, proxied: Run, override: Override) -> None:
        override('action_std_ssh', allowed_hosts=['localhost'])
        with pytest.raises(ActionException, match=r"Host '127.0.0.1' is not in"):
            proxied(password=SECRET, host='localhost')

    def test_and_for_what_is_behind_it(
        self, proxied: Run, override: Override, gateway: SshServer
    ) -> None:
        override('action_std_ssh', allowed_hosts=['127.0.0.1'])
        with pytest.raises(ActionException, match="Host 'inner' is not in"):
            proxied(password=SECRET, host='inner')
        assert gateway.users == []


@pytest.mark.skipif(SSHD is None, reason='There is no sshd: install openssh-server.')
@pytest.mark.parametrize('forwarding', ['yes', 'no'])
def test_through_openssh(run: Run, target: SshServer, tmp_path: Path, forwarding: str) -> None:
    """Where forwarding is switched off, `nc` on the gateway does it."""
    nc = tmp_path / 'bin' / 'nc'
    nc.parent.mkdir()
    nc.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(NC)} "$@"\n')
    nc.chmod(0o755)
    options = (f'AllowTcpForwarding {forwarding}', f'SetEnv PATH={nc.parent}:/usr/bin:/bin')
    with openssh(tmp_path, KEY.public, *options) as gateway:
        result = run(
            'std.ssh_proxied',
            cmd='ls',
            host=target.address,
            username='alice',
            private_key_filename=None,
            private_key=KEY.private,
            gateway_host=gateway.address,
            gateway_username=USER,
        )
    assert result == 'alice: ls'
