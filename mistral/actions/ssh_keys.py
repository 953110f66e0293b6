"""Keys for SSH: those that log in, and those that hosts show."""

import base64
import io
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import paramiko
from paramiko.hostkeys import InvalidHostKey

from mistral.exceptions import ActionException

LOG = logging.getLogger(__name__)

#: Types of keys, by how their names begin in a key.
_TYPES: Final[Mapping[bytes, type[paramiko.PKey]]] = {
    b'ssh-rsa': paramiko.RSAKey,
    b'ecdsa-': paramiko.ECDSAKey,
    b'ssh-ed25519': paramiko.Ed25519Key,
}

#: Bytes at the beginning of a key of OpenSSH that have its type in plain text.
_HEADER: Final = 256


class ExecutorKeys:
    """Private keys: given as text, or lying in directories of the executor."""

    def __init__(self, directories: Sequence[Path]) -> None:
        self._directories = directories

    def find(
        self, text: str | None, filename: str | None, passphrase: str | None
    ) -> paramiko.PKey | None:
        """The key of the text, else of the file; None without either.

        :raises ActionException: if there is no such key, or it cannot be read.
        """
        if text:
            return parse_key(text, passphrase)
        if filename:
            return parse_key(self._read(filename), passphrase)
        return None

    def _read(self, filename: str) -> str:
        if '../' in filename or '..\\' in filename:
            raise ActionException(f"Private key filename must not contain '..'. Actual: {filename}")
        for directory in self._directories:
            root = directory.resolve()
            # What is absolute takes the place of the directory.
            path = (root / filename).resolve()
            if path.is_relative_to(root) and path.is_file():
                return path.read_text()
        raise ActionException(
            f'There is no private key {filename!r} on the executor. Keys lie in '
            f'{", ".join(map(str, self._directories)) or "no directory"} '
            '([action_std_ssh] key_directories).'
        )


def parse_key(text: str, passphrase: str | None) -> paramiko.PKey:
    """An RSA, ECDSA or Ed25519 key in any format that OpenSSH or OpenSSL write.

    :raises ActionException: without a word of the key.
    """
    for key_type in _possible_types(text):
        try:
            return key_type.from_private_key(io.StringIO(text), passphrase or None)
        except paramiko.PasswordRequiredException as error:
            raise ActionException('The private key needs a passphrase.') from error
        # Also ValueError and its like, of the libraries below.
        except Exception as error:  # noqa: BLE001
            LOG.debug('The private key is no %s: %s', key_type.__name__, type(error).__name__)
    raise ActionException(
        'The private key cannot be read: it is no RSA, ECDSA or Ed25519 key, or the passphrase is '
        'wrong.'
    )


def _possible_types(text: str) -> Sequence[type[paramiko.PKey]]:
    """What a key may be. Trying takes its time: passphrases are meant to be slow."""
    _, marker, body = text.partition('BEGIN OPENSSH PRIVATE KEY-----')
    if marker:
        try:
            header = base64.b64decode(''.join(body.partition('-----')[0].split()))[:_HEADER]
        except ValueError:
            return ()
        return [key_type for name, key_type in _TYPES.items() if name in header]
    return list(_TYPES.values())


@contextmanager
def host_key_checks(known_hosts: Sequence[Path], *, strict: bool) -> Iterator[paramiko.SSHClient]:
    """A client that refuses hosts which show another key than the known one.

    :param strict: refuse hosts without a known key, too.
    """
    with paramiko.SSHClient() as client:
        known = client.get_host_keys()
        for path in known_hosts:
            try:
                known.load(str(path))
            except (OSError, InvalidHostKey) as error:
                LOG.debug('Keys of hosts cannot be read from %s: %s', path, error)
        client.set_missing_host_key_policy(_UnknownKeys(strict=strict))
        yield client


class _UnknownKeys(paramiko.MissingHostKeyPolicy):
    def __init__(self, *, strict: bool) -> None:
        self._strict = strict

    def missing_host_key(
        self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey
    ) -> None:
        """Refuse or accept a host of which no key is known; paramiko refuses those that differ."""
        if self._strict:
            raise ActionException(
                f'The key of host {hostname} is not known: {key.get_name()} {key.fingerprint}. Add '
                'it to one of [action_std_ssh] known_hosts_files.'
            )
        LOG.info('Host %s is trusted with the unknown key %s', hostname, key.fingerprint)
