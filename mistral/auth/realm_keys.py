"""The public keys of Keycloak's realms: fetched when they are needed, kept for a while."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import jwt

from mistral.exceptions import UnauthorizedException

LOG = logging.getLogger(__name__)

#: Realms whose keys are kept, and others that are known not to have any.
_CAPACITY: Final = 32

#: Seconds after which keys are fetched again, so that one that was withdrawn does not count.
_LIFETIME: Final = 600.0

#: Seconds between two fetches because of keys or realms that are not known.
_LEAST_INTERVAL: Final = 10.0


@dataclass(slots=True)
class _Realm:
    """`fetched_at` and `missed_at`, when an unknown key last was a reason to fetch them, are on
    the monotonic clock, in seconds. `refusal` says why there are no keys to be had."""

    keys: dict[str | None, jwt.PyJWK] = field(default_factory=dict)
    refusal: str | None = None
    fetched_at: float = float('-inf')
    missed_at: float = float('-inf')
    lock: threading.Lock = field(default_factory=threading.Lock)


class RealmKeys:
    """Finds the key that a token names."""

    def __init__(
        self, fetch: Callable[[str], Any], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`fetch` gets the JSON Web Key Set of a realm; what it raises is raised.

        It raises UnauthorizedException for a realm that does not exist.
        """
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._realms: OrderedDict[str, _Realm] = OrderedDict()

    def find(self, realm: str, key_id: str | None) -> jwt.PyJWK:
        """The key of that id. A token that names none gets the only key there is.

        Raises UnauthorizedException if there is no such key.
        """
        known = self._realm(realm)
        with known.lock:
            if self._is_due(known, key_id):
                self._refresh(known, realm)
            found = _choose(known, key_id)
            refusal = known.refusal
        if found is None:
            raise UnauthorizedException(
                refusal or f"Token is signed with a key that realm '{realm}' does not have"
            )
        return found

    def _refresh(self, realm: _Realm, name: str) -> None:
        try:
            realm.keys = _parse(self._fetch(name))
            realm.refusal = None
        except UnauthorizedException as e:
            # Anybody can make up names: the same one is not a reason to ask again and again.
            realm.keys = {}
            realm.refusal = str(e)
            realm.missed_at = self._clock()
        realm.fetched_at = self._clock()

    def _is_due(self, realm: _Realm, key_id: str | None) -> bool:
        now = self._clock()
        if now - realm.fetched_at > _LIFETIME:
            return True
        if _choose(realm, key_id) is not None or now - realm.missed_at < _LEAST_INTERVAL:
            return False
        # Keycloak may have made a new key.
        realm.missed_at = now
        return True

    def _realm(self, name: str) -> _Realm:
        with self._lock:
            realm = self._realms.get(name)
            if realm is None:
                self._make_room()
                realm = self._realms[name] = _Realm()
            self._realms.move_to_end(name)
            return realm

    def _make_room(self) -> None:
        """Forget the realms that were not asked about for longest.

        Those that do not exist have a room of their own: they cannot push out those that do.
        """
        for has_keys in (True, False):
            names = [name for name, realm in self._realms.items() if bool(realm.keys) is has_keys]
            for name in names[: max(0, len(names) - _CAPACITY + 1)]:
                del self._realms[name]


def _choose(realm: _Realm, key_id: str | None) -> jwt.PyJWK | None:
    if key_id is None and len(realm.keys) == 1:
        return next(iter(realm.keys.values()))
    return realm.keys.get(key_id)


def _parse(key_set: Any) -> dict[str | None, jwt.PyJWK]:
    """The keys for signatures by their ids; those that cannot be used are left out."""
    found: dict[str | None, jwt.PyJWK] = {}
    entries = key_set.get('keys') if isinstance(key_set, dict) else None
    for entry in entries or ():
        if entry.get('use', 'sig') != 'sig' or entry.get('kty') == 'oct':
            continue
        try:
            found[entry.get('kid')] = jwt.PyJWK.from_dict(entry)
        except jwt.PyJWTError as e:
            LOG.info('Key %s of Keycloak cannot be used: %s', entry.get('kid'), e)
    return found
