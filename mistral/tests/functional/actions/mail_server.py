"""A real mail server, aiosmtpd, in a thread of the test process."""

import asyncio
import ssl
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from mistral.tests.functional.actions.loops import loop_in_thread


@dataclass
class Mail:
    """A message as it came in, and how."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    user: object
    is_encrypted: bool


@dataclass
class MailServer:
    """`users` may log in with these passwords; recipients in `unknown` are refused."""

    users: dict[str, str] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    received: list[Mail] = field(default_factory=list)
    port: int = 0

    @property
    def address(self) -> str:
        return f'127.0.0.1:{self.port}'

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        user, password = data.login.decode(), data.password.decode()
        if self.users.get(user) != password:
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True, auth_data=user)

    async def handle_RCPT(  # noqa: N802 - names of aiosmtpd
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: object
    ) -> str:
        if address in self.unknown:
            return '550 No such user'
        envelope.rcpt_tos.append(address)
        return '250 OK'

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=policy.default)
        is_encrypted = server.transport.get_extra_info('sslcontext') is not None
        self.received.append(
            Mail(
                str(envelope.mail_from),
                [str(address) for address in envelope.rcpt_tos],
                message,
                session.auth_data,
                is_encrypted,
            )
        )
        return '250 OK'


@contextmanager
def serve_mail(
    tls: ssl.SSLContext | None = None, *, from_the_start: bool = False
) -> Iterator[MailServer]:
    """A mail server; with `tls` it takes messages only after STARTTLS and a login.

    With `from_the_start` it speaks TLS at once.
    """
    mail = MailServer()

    def protocol() -> SMTP:
        with warnings.catch_warnings(action='ignore'):
            # It does not see that the connection has been encrypted from the start.
            return SMTP(
                mail,
                hostname='mail.test',
                tls_context=None if from_the_start else tls,
                require_starttls=tls is not None and not from_the_start,
                auth_required=tls is not None,
                auth_require_tls=not from_the_start,
                authenticator=mail.authenticate,
                loop=loop.loop,
            )

    with loop_in_thread() as loop:
        server = loop.run(_listen(protocol, tls if from_the_start else None))
        mail.port = server.sockets[0].getsockname()[1]
        try:
            yield mail
        finally:
            server.close()


async def _listen(protocol: Callable[[], SMTP], tls: ssl.SSLContext | None) -> asyncio.Server:
    return await asyncio.get_running_loop().create_server(protocol, '127.0.0.1', 0, ssl=tls)
