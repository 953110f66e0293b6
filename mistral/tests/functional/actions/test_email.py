"""`std.email` against a real mail server."""

import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
import trustme

from mistral.actions import mail
from mistral.exceptions import ActionException, UrlNotAllowedException
from mistral.tests.functional.actions.conftest import Override, Run
from mistral.tests.functional.actions.mail_server import Mail, MailServer, serve_mail

SENDER = 'wf@example.com'
FRIEND = 'friend@example.com'
PASSWORD = 'open sesame'


@pytest.fixture(scope='module')
def mail_server() -> Iterator[MailServer]:
    with serve_mail() as server:
        yield server


@pytest.fixture(scope='module')
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert('127.0.0.1').configure_cert(tls)
    return tls


@pytest.fixture(scope='module')
def strict_server(server_tls: ssl.SSLContext) -> Iterator[MailServer]:
    """Wants TLS and a login."""
    with serve_mail(server_tls) as server:
        server.users[SENDER] = PASSWORD
        yield server


@pytest.fixture
def send(run: Run, mail_server: MailServer) -> Any:
    def send(**input_: Any) -> Mail:
        """Send a message and give what has come of it."""
        mail_server.received.clear()
        defaults = {
            'from_addr': SENDER,
            'to_addrs': [FRIEND],
            'smtp_server': mail_server.address,
        }
        assert run('std.email', **{**defaults, **input_}) is None
        (sent,) = mail_server.received
        return sent

    return send


class TestMessage:
    def test_defaults(self, send: Any) -> None:
        sent = send()
        assert (sent.sender, sent.recipients) == (SENDER, [FRIEND])
        assert (sent.user, sent.is_encrypted) == (None, False)
        assert sent.message['Subject'] == '<No subject>'
        assert sent.message['From'] == SENDER
        assert sent.message['To'] == FRIEND
        assert 'Reply-To' not in sent.message
        assert 'cc' not in sent.message
        assert sent.message.get_content_type() == 'text/plain'
        assert sent.message.get_content().strip() == '<No body>'

    def test_everything(self, send: Any) -> None:
        sent = send(
            to_addrs=[FRIEND, 'other@example.com'],
            reply_to=['answers@example.com', 'more@example.com'],
            cc_addrs=['copy@example.com'],
            bcc_addrs=['secret@example.com'],
            subject='Grüße',
            body='Schöne Grüße\nvon mir',
            html_body='<p>Schöne <b>Grüße</b></p>',
        )
        assert sent.recipients == [
            'copy@example.com',
            'secret@example.com',
            FRIEND,
            'other@example.com',
        ]
        assert sent.message['Subject'] == 'Grüße'
        assert sent.message['To'] == f'{FRIEND}, other@example.com'
        assert sent.message['Reply-To'] == 'answers@example.com, more@example.com'
        assert sent.message['cc'] == 'copy@example.com'
        assert 'secret@example.com' not in sent.message.as_string()
        assert sent.message.get_content_type() == 'multipart/alternative'
        plain, html = sent.message.iter_parts()
        assert (plain.get_content_type(), plain.get_content_charset()) == ('text/plain', 'utf-8')
        assert plain.get_content().splitlines() == ['Schöne Grüße', 'von mir']
        assert html.get_content_type() == 'text/html'
        assert html.get_content().strip() == '<p>Schöne <b>Grüße</b></p>'

    def test_a_single_address_needs_no_list(self, send: Any) -> None:
        assert send(to_addrs=FRIEND).recipients == [FRIEND]

    def test_data_as_body_is_sent_as_text(self, send: Any) -> None:
        assert send(body={'n': 1}).message.get_content().strip() == "{'n': 1}"

    @pytest.mark.parametrize(
        'input_', [{'subject': 'x\r\nBcc: y@example.com'}, {'to_addrs': ['a@b.c\nX: y']}]
    )
    def test_nothing_gets_into_the_headers(self, send: Any, input_: dict[str, Any]) -> None:
        with pytest.raises(ActionException, match='Failed to send an email message: '):
            send(**input_)


class TestLogin:
    def test_is_encrypted(self, run: Run, strict_server: MailServer) -> None:
        run_to(strict_server, run, smtp_password=PASSWORD)
        sent = strict_server.received[-1]
        assert (sent.user, sent.is_encrypted) == (SENDER, True)

    def test_with_a_wrong_password(self, run: Run, strict_server: MailServer) -> None:
        with pytest.raises(ActionException, match=r'Failed to send an email message: .*535') as e:
            run_to(strict_server, run, smtp_password='wrong one')
        assert 'wrong one' not in str(e.value)

    def test_without_a_password_nothing_is_encrypted(
        self, run: Run, strict_server: MailServer
    ) -> None:
        with pytest.raises(ActionException, match='530'):
            run_to(strict_server, run)

    def test_certificates_are_verified_on_demand(
        self,
        run: Run,
        override: Override,
        strict_server: MailServer,
        authority: trustme.CA,
        tmp_path,
        monkeypatch,
    ) -> None:
        override('action_std_email', verify_certificates=True)
        with pytest.raises(ActionException, match='CERTIFICATE_VERIFY_FAILED'):
            run_to(strict_server, run, smtp_password=PASSWORD)

        trusted = tmp_path / 'ca.pem'
        authority.cert_pem.write_to_path(str(trusted))
        monkeypatch.setenv('SSL_CERT_FILE', str(trusted))
        run_to(strict_server, run, smtp_password=PASSWORD)

    def test_over_tls_from_the_start(
        self, run: Run, server_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with serve_mail(server_tls, from_the_start=True) as server:
            server.users[SENDER] = PASSWORD
            monkeypatch.setattr(mail, '_SMTPS_PORT', server.port)
            run_to(server, run, smtp_password=PASSWORD)
            (received,) = server.received
            assert (received.user, received.is_encrypted) == (SENDER, True)

    def test_a_server_without_tls_gets_no_password(self, run: Run, mail_server: MailServer) -> None:
        with pytest.raises(ActionException, match='STARTTLS extension not supported'):
            run_to(mail_server, run, smtp_password=PASSWORD)


class TestTrouble:
    def test_all_recipients_are_refused(self, run: Run, mail_server: MailServer) -> None:
        mail_server.unknown.add('nobody@example.com')
        with pytest.raises(ActionException, match='No such user'):
            run_to(mail_server, run, to_addrs=['nobody@example.com'])

    def test_some_recipients_are_refused(
        self, send: Any, mail_server: MailServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        mail_server.unknown.add('nobody@example.com')
        assert send(to_addrs=[FRIEND, 'nobody@example.com']).recipients == [FRIEND]
        assert 'refuses some recipients' in caplog.text

    def test_nobody_listens(self, run: Run) -> None:
        with socket.create_server(('127.0.0.1', 0)) as server:
            port = server.getsockname()[1]
        with pytest.raises(ActionException, match='Connection refused'):
            run('std.email', from_addr=SENDER, to_addrs=[], smtp_server=f'127.0.0.1:{port}')

    def test_a_silent_server(self, run: Run, override: Override) -> None:
        override('action_std_email', timeout=1)
        with socket.create_server(('127.0.0.1', 0)) as server:
            address = f'127.0.0.1:{server.getsockname()[1]}'
            with pytest.raises(ActionException, match='timed out'):
                run('std.email', from_addr=SENDER, to_addrs=[], smtp_server=address)

    def test_patience_without_end(self, override: Override, send: Any) -> None:
        override('action_std_email', timeout=0)
        assert send().recipients == [FRIEND]

    @pytest.mark.parametrize(
        ('options', 'message'),
        [
            ({'denied_cidrs': ['127.0.0.0/8']}, "Mail server '127.0.0.1' resolves to a blocked"),
            ({'allowed_hosts': ['mail']}, r'not in \[action_std_email\] allowed_hosts'),
        ],
    )
    def test_a_forbidden_server(
        self,
        run: Run,
        override: Override,
        mail_server: MailServer,
        options: dict[str, Any],
        message: str,
    ) -> None:
        override('action_std_email', **options)
        before = len(mail_server.received)
        with pytest.raises(UrlNotAllowedException, match=message):
            run_to(mail_server, run)
        assert len(mail_server.received) == before

    @pytest.mark.parametrize(
        ('input_', 'message'),
        [
            ({'to_addrs': 7}, "Parameter 'to_addrs' must be a list of addresses"),
            ({'smtp_server': 'host:smtp'}, 'its port is no number'),
        ],
    )
    def test_odd_parameters(
        self, run: Run, mail_server: MailServer, input_: Any, message: str
    ) -> None:
        with pytest.raises(ActionException, match=message):
            run_to(mail_server, run, **input_)


def run_to(server: MailServer, run: Run, **input_: Any) -> None:
    defaults = {'from_addr': SENDER, 'to_addrs': [FRIEND], 'smtp_server': server.address}
    run('std.email', **{**defaults, **input_})
