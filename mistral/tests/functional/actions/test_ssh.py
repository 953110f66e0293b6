"""`std.ssh` against real servers."""

import socket
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

PASSPHRASE = 'a long passphrase'

KEYS = {
    'ed25519': Key.generate(),
    'ecdsa': Key.generate('ecdsa-sha2-nistp256'),
    'rsa': Key.generate('ssh-rsa'),
    'rsa of OpenSSL': Key.generate_pem('ssh-rsa'),
    'ecdsa of OpenSSL': Key.generate_pem('ecdsa-sha2-nistp256'),
}
LOCKED = Key.generate('ssh-ed25519', PASSPHRASE)
STRANGER = Key.generate()

needs_sshd = pytest.mark.skipif(SSHD is None, reason='There is no sshd: install openssh-server.')


@pytest.fixture(scope='module')
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    authorized = ''.join(key.public for key in (*KEYS.values(), LOCKED))
    with openssh(tmp_path_factory.mktemp('sshd'), authorized) as server:
        yield server


@pytest.fixture(scope='module')
def passwords() -> Iterator[SshServer]:
    """A server where alice logs in with a password."""
    with python_ssh({'alice': 'secret'}) as server:
        yield server


@pytest.fixture(autouse=True)
def key_directory(tmp_path: Path, override: Override) -> Path:
    """Where this executor has its keys; it knows no hosts."""
    override('action_std_ssh', key_directories=[str(tmp_path / 'keys')], known_hosts_files=[])
    (tmp_path / 'keys').mkdir()
    return tmp_path / 'keys'


@needs_sshd
class TestOpenSsh:
    @pytest.mark.parametrize('kind', KEYS)
    def test_keys(self, run: Run, sshd: SshServer, kind: str) -> None:
        result = run(
            'std.ssh',
            cmd='echo "$USER: grüße"',
            host=sshd.address,
            username=USER,
            private_key=KEYS[kind].private,
        )
        assert result == f'{USER}: grüße\n'

    def test_a_key_with_a_passphrase(self, run: Run, sshd: SshServer) -> None:
        assert ssh(run, sshd, 'echo hi', LOCKED, password=PASSPHRASE) == 'hi\n'

    @pytest.mark.parametrize('is_absolute', [False, True])
    def test_a_key_in_a_file(
        self, run: Run, sshd: SshServer, key_directory: Path, is_absolute: bool
    ) -> None:
        path = key_directory / 'id_for_workflows'
        path.write_text(KEYS['ed25519'].private)
        name = str(path) if is_absolute else path.name
        assert ssh(run, sshd, 'echo hi', None, private_key_filename=name) == 'hi\n'

    def test_the_text_of_a_key_wins_over_a_file(self, run: Run, sshd: SshServer) -> None:
        result = ssh(run, sshd, 'echo hi', KEYS['rsa'], private_key_filename='not there')
        assert result == 'hi\n'

    def test_several_hosts(self, run: Run, sshd: SshServer) -> None:
        hosts = [sshd.address, f'localhost:{sshd.port}']
        assert ssh(run, sshd, 'echo hi', KEYS['rsa'], host=hosts) == ['hi\n', 'hi\n']
        assert ssh(run, sshd, 'echo hi', KEYS['rsa'], host=hosts[:1]) == 'hi\n'

    def test_much_output_on_both_streams(self, run: Run, sshd: SshServer) -> None:
        command = 'for i in $(seq 20000); do echo out $i; echo error $i >&2; done; exit 4'
        result = ssh(run, sshd, command, KEYS['rsa'], return_result_on_error=True)
        assert result['exit_code'] == 4
        assert result['stdout'].splitlines()[-1] == 'out 20000'
        assert result['stderr'].splitlines()[-1] == 'error 20000'

    def test_a_failing_command(self, run: Run, sshd: SshServer) -> None:
        with pytest.raises(ActionException) as e:
            ssh(run, sshd, 'echo lost; echo no way >&2; exit 3', KEYS['rsa'])
        assert str(e.value) == (
            "Failed to execute ssh cmd 'echo lost; echo no way >&2; exit 3' on "
            f"['{sshd.address}']: {sshd.address}: exit code 3, no way"
        )

    def test_the_first_host_that_fails_is_the_last(
        self, run: Run, sshd: SshServer, tmp_path: Path
    ) -> None:
        with pytest.raises(ActionException, match='exit code 1'):
            ssh(
                run, sshd, f'echo x >> {tmp_path}/runs; false', KEYS['rsa'], host=[sshd.address] * 2
            )
        assert (tmp_path / 'runs').read_text() == 'x\n'

    def test_a_command_that_a_signal_ends(self, run: Run, sshd: SshServer) -> None:
        with pytest.raises(ActionException, match='ended by a signal'):
            ssh(run, sshd, 'kill -9 $$', KEYS['rsa'])

    def test_the_executors_own_keys_are_not_tried(
        self,
        run: Run,
        override: Override,
        sshd: SshServer,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        (tmp_path / '.ssh').mkdir()
        (tmp_path / '.ssh' / 'id_ed25519').write_text(KEYS['ed25519'].private)
        monkeypatch.setenv('HOME', str(tmp_path))
        with pytest.raises(ActionException, match='uthentication'):
            ssh(run, sshd, 'echo hi', None)
        override('action_std_ssh', use_own_keys=True)
        assert ssh(run, sshd, 'echo hi', None) == 'hi\n'

    @pytest.mark.parametrize(
        ('key', 'more', 'message'),
        [
            (STRANGER, {}, 'uthentication'),
            (LOCKED, {}, 'The private key needs a passphrase'),
            (LOCKED, {'password': 'wrong'}, 'or the passphrase is wrong'),
            (Key('no key', ''), {}, 'The private key cannot be read'),
            (None, {'private_key_filename': '../id'}, r"must not contain '\.\.'\. Actual: \.\./id"),
            (None, {'private_key_filename': '/etc/passwd'}, r'\[action_std_ssh\] key_directories'),
        ],
    )
    def test_keys_that_do_not_work(
        self, run: Run, sshd: SshServer, key: Key | None, more: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ActionException, match=message) as e:
            ssh(run, sshd, 'echo hi', key, **more)
        assert str(e.value).startswith(f"Failed to execute ssh cmd 'echo hi' on ['{sshd.address}']")


class TestHostKeys:
    def test_an_unknown_host_is_trusted(self, run: Run, passwords: SshServer) -> None:
        assert login(run, passwords) == 'alice: ls'

    def test_a_host_with_its_known_key(
        self, run: Run, override: Override, passwords: SshServer, tmp_path: Path
    ) -> None:
        (tmp_path / 'known_hosts').write_text(passwords.known_hosts_line)
        override(
            'action_std_ssh',
            known_hosts_files=[str(tmp_path / 'known_hosts')],
            host_key_policy='strict',
        )
        assert login(run, passwords) == 'alice: ls'

    @pytest.mark.parametrize('known', [STRANGER, KEYS['rsa']], ids=['same type', 'other type'])
    def test_a_host_with_another_key(
        self, run: Run, override: Override, passwords: SshServer, tmp_path: Path, known: Key
    ) -> None:
        line = f'[127.0.0.1]:{passwords.port} {known.public}'
        (tmp_path / 'known_hosts').write_text(line)
        override('action_std_ssh', known_hosts_files=[str(tmp_path / 'known_hosts')])
        before = len(passwords.users)
        with pytest.raises(ActionException, match=r'(?i)host.* key'):
            login(run, passwords)
        assert len(passwords.users) == before

    def test_a_strict_executor_trusts_no_unknown_host(
        self, run: Run, override: Override, passwords: SshServer
    ) -> None:
        override('action_std_ssh', host_key_policy='strict')
        with pytest.raises(ActionException, match='is not known: ssh-ed25519 SHA256:'):
            login(run, passwords)


class TestTrouble:
    def test_a_wrong_password(self, run: Run, passwords: SshServer) -> None:
        with pytest.raises(ActionException, match='uthentication') as e:
            login(run, passwords, password='wrong one')
        assert 'wrong one' not in str(e.value)

    def test_a_command_without_end(self, run: Run, override: Override) -> None:
        override('action_std_ssh', command_timeout=1)
        with (
            python_ssh({'alice': 'secret'}, lambda process: process.stdout.write('x')) as server,
            pytest.raises(ActionException, match='does not end within 1 seconds'),
        ):
            login(run, server)

    def test_output_without_end(self, run: Run, override: Override) -> None:
        override('action_std_ssh', max_output_size_bytes=100_000)

        def flood(process: Any) -> None:
            process.stdout.write('x' * 200_000)

        with (
            python_ssh({'alice': 'secret'}, flood) as server,
            pytest.raises(ActionException, match='writes more than 100000 bytes'),
        ):
            login(run, server)

    def test_a_connection_that_breaks(self, run: Run) -> None:
        def vanish(process: Any) -> None:
            process.channel.get_connection().abort()

        with (
            python_ssh({'alice': 'secret'}, vanish) as server,
            pytest.raises(ActionException, match='Failed to execute'),
        ):
            login(run, server)

    def test_a_host_that_says_nothing(self, run: Run, override: Override) -> None:
        override('action_std_ssh', connect_timeout=1)
        with socket.create_server(('127.0.0.1', 0)) as silent:
            address = f'127.0.0.1:{silent.getsockname()[1]}'
            with pytest.raises(ActionException, match='banner'):
                run('std.ssh', cmd='ls', host=address, username='alice', password='secret')

    def test_a_forbidden_host(self, run: Run, override: Override, passwords: SshServer) -> None:
        override('action_std_ssh', denied_cidrs=['127.0.0.0/8'])
        with pytest.raises(ActionException, match=r"SSH host '127.0.0.1' resolves to a blocked"):
            login(run, passwords)


def ssh(run: Run, server: SshServer, command: str, key: Key | None, **more: Any) -> Any:
    input_ = {'cmd': command, 'host': server.address, 'username': USER}
    if key is not None:
        input_['private_key'] = key.private
    return run('std.ssh', **{**input_, **more})


def login(run: Run, server: SshServer, **more: Any) -> Any:
    input_ = {'cmd': 'ls', 'host': server.address, 'username': 'alice', 'password': 'secret'}
    return run('std.ssh', **{**input_, **more})
