"""Encryption of what the database keeps about callers, their tokens above all."""

import hashlib
import logging
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from oslo_config import cfg

from mistral.auth import service_user

LOG = logging.getLogger(__name__)

_PLAIN: Final = 'plain:'
_SEALED: Final = 'sealed:'

#: Makes the keys of this purpose different from others made of the same pass phrase.
_SALT: Final = b'mistral execution callers'


class Sealer:
    """Encrypts texts with the first of some pass phrases, and decrypts them with any."""

    def __init__(self, pass_phrases: Sequence[str] = ()) -> None:
        """Without pass phrases texts stay as they are."""
        self._fernet = (
            MultiFernet([Fernet(_key(p)) for p in pass_phrases]) if pass_phrases else None
        )

    def seal(self, text: str) -> str:
        if self._fernet is None:
            return _PLAIN + text
        return _SEALED + self._fernet.encrypt(zlib.compress(text.encode())).decode()

    def open(self, sealed: str) -> str | None:
        """The text; None if it was encrypted with another pass phrase."""
        if sealed.startswith(_PLAIN):
            return sealed.removeprefix(_PLAIN)
        if self._fernet is None:
            return None
        try:
            compressed = self._fernet.decrypt(sealed.removeprefix(_SEALED))
        except InvalidToken:
            return None
        return zlib.decompress(compressed).decode()


def sealer_from(conf: cfg.ConfigOpts) -> Sealer:
    """By `[credentials] encryption_keys`, or else by the password of the service user."""
    if not conf.pecan.auth_enable:
        return Sealer()
    pass_phrases = list(conf.credentials.encryption_keys)
    if not pass_phrases and (password := service_user.secret(conf)):
        pass_phrases = [password]
    if not pass_phrases:
        LOG.warning(
            'Tokens of callers are stored unencrypted while their workflows run: set '
            '[credentials] encryption_keys.'
        )
    return Sealer(pass_phrases)


def _key(pass_phrase: str) -> bytes:
    return urlsafe_b64encode(
        hashlib.scrypt(pass_phrase.encode(), salt=_SALT, n=2**14, r=8, p=1, dklen=32)
    )
