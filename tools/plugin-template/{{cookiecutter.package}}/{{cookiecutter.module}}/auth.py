"""Authentication of those who call the API."""

import hmac
import os

from mistral.auth import AuthHandler
from mistral.exceptions import UnauthorizedException


class SharedSecret(AuthHandler):
    """Everybody who knows the secret is a member of the project that the request names."""

    def __init__(self):
        self._secret = os.environ['PLUGIN_SECRET']

    def authenticate(self, req):
        given = req.headers.get('X-Auth-Token', '')
        if not hmac.compare_digest(given.encode(), self._secret.encode()):
            raise UnauthorizedException('The token is wrong.')
        # Whatever the caller has sent in these is replaced: the service believes them.
        req.headers['X-Identity-Status'] = 'Confirmed'
        req.headers['X-Project-Id'] = req.headers.get('X-Project-Id', 'default')
        req.headers['X-User-Id'] = 'somebody'
        req.headers['X-Roles'] = 'member'
