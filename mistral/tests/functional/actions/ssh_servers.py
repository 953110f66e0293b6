"""Real SSH servers on loopback: OpenSSH's where it is installed, and asyncssh."""

import asyncio
import getpass
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncssh
from cryptography.hazmat.primitives import serialization

from mistral.tests.functional.actions.loops import loop_in_thread

#: OpenSSH's server, or None.
SSHD: Final = shutil.which('sshd', path=f'{os.environ.get("PATH", "")}:/usr/sbin:/sbin')

#: Who OpenSSH's server lets in: it cannot change to others without being root.
USER: Final = getpass.getuser()


@dataclass(frozen=True)
class Key:
    """A key pair of a user or a host."""

    private: str
    public: str

    @classmethod
    def generate(cls, algorithm: str = 'ssh-ed25519', passphrase: str | None = None) -> 'Key':
        key = asyncssh.generate_private_key(algorithm)
        # asyncssh itself writes half of all ECDSA keys in a way that OpenSSH does not.
        plain = serialization.load_pem_private_key(key.export_private_key('pkcs8-pem'), None)
        private = plain.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            _encryption(passphrase),
        )
        return cls(private.decode(), key.export_public_key().decode())

    @classmethod
    def generate_pem(cls, algorithm: str) -> 'Key':
        """In the format of OpenSSL."""
        key = asyncssh.generate_private_key(algorithm)
        return cls(key.export_private_key('pkcs1-pem').decode(), key.export_public_key().decode())


def _encryption(passphrase: str | None) -> serialization.KeySerializationEncryption:
    if passphrase is None:
        return serialization.NoEncryption()
    builder = serialization.PrivateFormat.OpenSSH.encryption_builder()
    return builder.kdf_rounds(50).build(passphrase.encode())


@dataclass
class SshServer:
    port: int
    host_key: Key
    #: Where it has been asked to lead connections to, and the users that have logged in.
    forwarded: list[tuple[str, int]] = field(default_factory=list)
    users: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f'127.0.0.1:{self.port}'

    @property
    def known_hosts_line(self) -> str:
        return f'[127.0.0.1]:{self.port} {self.host_key.public}'


@contextmanager
def openssh(home: Path, authorized: str, *options: str) -> Iterator[SshServer]:
    """OpenSSH's server for this user; `authorized` are public keys that may log in.

    One process serves each connection, as under inetd, so that the system can choose the port.
    """
    assert SSHD is not None
    key = Key.generate()
    private = home / 'host_key'
    private.write_text(key.private)
    private.chmod(0o600)
    (home / 'authorized_keys').write_text(authorized)
    config = home / 'sshd_config'
    config.write_text(
        '\n'.join(
            [
                f'HostKey {private}',
                f'AuthorizedKeysFile {home / "authorized_keys"}',
                'StrictModes no',
                'UsePAM no',
                'PermitRootLogin prohibit-password',
                'PasswordAuthentication no',
                'LogLevel VERBOSE',
                *options,
            ]
        )
        + '\n'
    )
    if os.geteuid() == 0:
        Path('/run/sshd').mkdir(exist_ok=True)
    with _inetd([SSHD, '-i', '-e', '-f', str(config)], home / 'sshd.log') as port:
        yield SshServer(port, key)


@contextmanager
def _inetd(command: list[str], log_path: Path) -> Iterator[int]:
    """Starts a process for each connection; gives the port."""
    processes: list[subprocess.Popen[bytes]] = []

    def accept() -> None:
        with suppress(OSError), log_path.open('ab') as log:
            while True:
                connection, _ = listener.accept()
                with connection:
                    processes.append(
                        subprocess.Popen(
                            command,
                            stdin=connection.fileno(),
                            stdout=connection.fileno(),
                            stderr=log,
                        )
                    )

    with socket.create_server(('127.0.0.1', 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            # Wakes the thread, as closing alone does not.
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for process in processes:
                process.kill()
                process.wait()
            # Shown by pytest if the test has failed.
            print(log_path.read_text(errors='replace'))


#: What a server does for a command.
Handler = Callable[[asyncssh.SSHServerProcess[str]], None]


@contextmanager
def python_ssh(
    users: dict[str, str],
    handle: Handler | None = None,
    host_key: Key | None = None,
    authorized: str = '',
) -> Iterator[SshServer]:
    """A server that knows the passwords of its users, and that tells what it was asked for.

    It leads connections on, as a gateway does.
    """
    key = host_key or Key.generate()
    found = SshServer(0, key)

    class Connection(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return True

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            is_right = users.get(username) == password
            if is_right:
                found.users.append(username)
            return is_right

        def connection_requested(
            self, dest_host: str, dest_port: int, orig_host: str, orig_port: int
        ) -> bool:
            found.forwarded.append((dest_host, dest_port))
            return True

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            '127.0.0.1',
            0,
            server_factory=Connection,
            server_host_keys=[asyncssh.import_private_key(key.private)],
            process_factory=handle or _echo,
            authorized_client_keys=(
                asyncssh.import_authorized_keys(authorized) if authorized else None
            ),
        )

    async def close(acceptor: asyncssh.SSHAcceptor) -> None:
        acceptor.close()
        await acceptor.wait_closed()

    with loop_in_thread() as loop:
        acceptor = loop.run(listen())
        found.port = acceptor.get_port()
        try:
            yield found
        finally:
            loop.run(asyncio.wait_for(close(acceptor), 30))


def _echo(process: 'asyncssh.SSHServerProcess[str]') -> None:
    """Says who asks for what."""
    process.stdout.write(f'{process.get_extra_info("username")}: {process.command}')
    process.exit(0)
