"""Which plug-in authenticates, and with which options it can."""

import pytest
import webob
import webob.dec
import webob.exc
from oslo_config import cfg

from mistral import config
from mistral.auth import EXPIRES_AT, AuthHandler, keycloak, load_handler, service_user
from mistral.auth.identity import IDENTITY_HEADERS
from mistral.auth.keycloak import KeycloakAuthHandler, KeycloakSettings
from mistral.auth.keystone import KeystoneAuthHandler
from mistral.auth.trusts import trusts_from
from mistral.exceptions import ConfigurationError, UnauthorizedException, UnavailableException

SERVICE_USER = """
[keystone_authtoken]
auth_type = password
auth_url = http://keystone/identity
username = mistral
password = secret
project_name = service
user_domain_name = Default
project_domain_name = Default
"""

LEGACY = """
[keystone_authtoken]
www_authenticate_uri = http://keystone:5000/v2.0
admin_user = mistral
admin_password = secret
admin_tenant_name = service
"""


@pytest.fixture
def make(tmp_path):
    """Makes a configuration of the text of a file."""

    def make(text=''):
        (tmp_path / 'mistral.conf').write_text(text)
        conf = cfg.ConfigOpts()
        config.register(conf)
        conf([], default_config_files=[str(tmp_path / 'mistral.conf')])
        return conf

    return make


class TestChoice:
    def test_keystone_by_default(self, make):
        assert isinstance(load_handler(make(SERVICE_USER)), KeystoneAuthHandler)

    def test_keycloak(self, make):
        text = '[DEFAULT]\nauth_type = keycloak-oidc\n[keycloak_oidc]\nauth_url = http://k'
        assert isinstance(load_handler(make(text)), KeycloakAuthHandler)

    def test_off(self, make):
        assert load_handler(make('[pecan]\nauth_enable = false')) is None

    @pytest.mark.parametrize(
        ('text', 'message'),
        [
            ('[DEFAULT]\nauth_type = nope', r'keycloak-oidc, keystone.*auth_enable = False'),
            ('', 'needs a service user'),
            ('[keystone_authtoken]\nauth_type = password', 'cannot be used'),
            ('[keystone_authtoken]\nauth_type = nope', 'cannot be used'),
            ('[DEFAULT]\nauth_type = keycloak-oidc', 'auth_url is not set'),
        ],
    )
    def test_what_cannot_work(self, make, text, message):
        with pytest.raises(ConfigurationError, match=message):
            load_handler(make(text))

    def test_plug_in_for_mistral_23(self):
        """It has no more than one method."""

        class Old(AuthHandler):
            def authenticate(self, req):
                return None

        handler = Old()
        handler.configure(cfg.ConfigOpts())

        def app(environ, start_response):
            return []

        assert handler.wrap(app) is app


class TestServiceUser:
    def test_url(self, make):
        plugin = service_user.auth_plugin(make(SERVICE_USER))
        assert service_user.identity_url(plugin) == 'http://keystone/identity/v3'

    def test_legacy_options(self, make):
        conf = make(LEGACY)
        plugin = service_user.auth_plugin(conf)
        assert plugin.auth_url == 'http://keystone:5000/v3'
        assert plugin.project_name == 'service'
        assert plugin.auth_methods[0].username == 'mistral'
        assert service_user.secret(conf) == 'secret'
        assert service_user.auth_plugin(conf, trust_id='t', project_name=None).trust_id == 't'

    def test_another_section(self, make):
        text = SERVICE_USER.replace('keystone_authtoken', 'elsewhere')
        conf = make(f'{text}\n[keystone_authtoken]\nauth_section = elsewhere')
        assert service_user.auth_plugin(conf).auth_url == 'http://keystone/identity'
        assert service_user.secret(conf) == 'secret'

    def test_session(self, make):
        conf = make('[keystone_authtoken]\ncafile = /one\n[keystone]\ntimeout = 7')
        session = service_user.session(conf, None)
        assert (session.verify, session.timeout) == ('/one', 7)
        conf = make('[keystone_authtoken]\ncafile = /one\n[keystone]\ncafile = /two')
        session = service_user.session(conf, None)
        assert (session.verify, session.timeout) == ('/two', 30)
        conf = make('[keystone]\ninsecure = true')
        assert service_user.session(conf, None).verify is False
        conf = make('[keystone]\ntls_ciphers = HIGH')
        assert service_user.session(conf, None).tls_ciphers == 'HIGH'


@pytest.mark.parametrize(
    ('text', 'are_made'),
    [
        (SERVICE_USER, True),
        (f'{SERVICE_USER}\n[pecan]\nauth_enable = false', False),
        (f'[DEFAULT]\nauth_type = keycloak-oidc\n{SERVICE_USER}', False),
        ('', False),
    ],
)
def test_trusts_are_of_keystone_alone(make, text, are_made):
    assert (trusts_from(make(text)) is not None) is are_made


class TestKeystone:
    """What the middleware has found decides, see the functional tests for the middleware."""

    @pytest.fixture
    def authenticate(self):
        def authenticate(environ=None, **headers):
            request = webob.Request.blank('/', environ={'keystone.token_auth': object()})
            request.environ.update(environ or {})
            request.headers.update({name.replace('_', '-'): v for name, v in headers.items()})
            KeystoneAuthHandler().authenticate(request)
            return request.headers

        return authenticate

    def test_user(self, authenticate):
        authenticate(X_Identity_Status='Confirmed', X_Project_Id='p')
        authenticate(X_Identity_Status='Confirmed', X_Roles='admin')

    def test_service_asks_for_itself(self, authenticate):
        headers = authenticate(
            X_Identity_Status='Invalid',
            X_Service_Identity_Status='Confirmed',
            X_Service_Project_Id='services',
            X_Service_Roles='service',
            X_Service_Token='token',
        )
        assert (headers['X-Project-Id'], headers['X-Roles']) == ('services', 'service')
        assert headers['X-Auth-Token'] == 'token'

    @pytest.mark.parametrize(
        ('headers', 'message'),
        [
            ({}, 'Authentication required'),
            ({'X_Auth_Token': 't'}, 'Auth token is invalid'),
            ({'X_Auth_Token': 't', 'X_Identity_Status': 'Invalid'}, 'Auth token is invalid'),
            ({'X_Identity_Status': 'Confirmed'}, 'The token is not scoped to a project'),
            ({'X_Service_Identity_Status': 'Confirmed'}, 'The token is not scoped to a project'),
        ],
    )
    def test_refused(self, authenticate, headers, message):
        with pytest.raises(UnauthorizedException, match=message):
            authenticate(**headers)

    def test_nobody_is_believed_without_the_middleware(self, authenticate):
        with pytest.raises(UnauthorizedException):
            authenticate(
                {'keystone.token_auth': None}, X_Identity_Status='Confirmed', X_Project_Id='p'
            )

    def test_keystone_is_away(self, authenticate):
        with pytest.raises(UnavailableException):
            authenticate({'mistral.auth.keystone_is_away': True}, X_Auth_Token='t')


class TestKeystoneIsAway:
    """Nothing listens at the address of Keystone."""

    @pytest.fixture
    def ask(self, make):
        text = SERVICE_USER.replace('http://keystone', 'http://127.0.0.1:9')
        handler = load_handler(make(f'{text}\nhttp_request_max_retries = 0\n'))

        @webob.dec.wsgify
        def app(request):
            if request.path == '/open':
                return 'open'
            try:
                handler.authenticate(request)
            except UnauthorizedException as e:
                raise webob.exc.HTTPUnauthorized(str(e)) from e
            except UnavailableException as e:
                raise webob.exc.HTTPServiceUnavailable(str(e)) from e
            return 'in'

        wrapped = handler.wrap(app)
        return lambda path='/', **headers: webob.Request.blank(
            path, headers={name.replace('_', '-'): v for name, v in headers.items()}
        ).get_response(wrapped)

    def test_token_is_not_called_invalid(self, ask):
        assert ask(X_Auth_Token='t').status_int == 503
        assert ask(X_Auth_Token='t', X_Service_Token='s').status_int == 503

    def test_nobody_gets_in_by_headers(self, ask):
        forged = {'X_Identity_Status': 'Confirmed', 'X_Project_Id': 'p', 'X_Roles': 'admin'}
        assert ask(**forged).status_int == 401
        assert ask(X_Auth_Token='t', **forged).status_int == 503

    def test_what_needs_no_token_is_served(self, ask):
        assert ask('/open', X_Auth_Token='t').text == 'open'

    def test_refusal_names_keystone_all_the_same(self, ask):
        answer = ask()
        assert answer.status_int == 401
        assert 'Keystone uri="http://127.0.0.1:9/identity"' in answer.headers.getall(
            'WWW-Authenticate'
        )


class TestKeycloakSettings:
    def make(self, make, **options):
        lines = '\n'.join(f'{name} = {value}' for name, value in options.items())
        return KeycloakSettings.from_config(make(f'[keycloak_oidc]\n{lines}'))

    def test_defaults(self, make):
        found = self.make(make, auth_url='https://k/auth/')
        assert found.issuer == 'https://k/auth/realms/%s'
        assert found.certificates_url == ('https://k/auth/realms/%s/protocol/openid-connect/certs')
        assert (found.user_info_url, found.audience, found.client_certificate) == (None, (), None)
        assert found.verify is not False

    def test_all(self, make):
        found = self.make(
            make,
            auth_url='https://k',
            user_info_endpoint_url='https://u/%s',
            keycloak_iss='https://outside/realms/%s',
            certfile='c',
            keyfile='k',
            cafile='a',
            audience='x,y',
        )
        assert found.issuer == 'https://outside/realms/%s'
        assert found.user_info_url == 'https://u/%s'
        assert found.client_certificate == ('c', 'k')
        assert (found.verify, found.audience) == ('a', ('x', 'y'))
        assert self.make(make, auth_url='https://k', insecure=True, cafile='a').verify is False
        assert self.make(make, auth_url='https://k', certfile='c').client_certificate is None


def test_identity_of_a_keycloak_token_takes_the_place_of_every_header():
    request = webob.Request.blank('/')
    for name in IDENTITY_HEADERS:
        request.headers[name] = 'forged'
    claims = {'exp': 1_900_000_000, 'sub': 'u', 'realm_access': {'roles': ['member', 7]}}
    keycloak._set_identity(request, 'red', claims)
    found = {name: request.headers[name] for name in IDENTITY_HEADERS if name in request.headers}
    assert found == {
        'X-Identity-Status': 'Confirmed',
        'X-Project-Id': 'red',
        'X-Project-Name': 'red',
        'X-User-Id': 'u',
        'X-Roles': 'member',
    }
    assert request.environ[EXPIRES_AT] == '2030-03-17T17:46:40Z'
