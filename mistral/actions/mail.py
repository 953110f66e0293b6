"""What `std.email` does: put a message together and hand it to a mail server."""

import logging
import smtplib
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from mistral.actions.options import EmailOptions
from mistral.exceptions import ActionException
from mistral.utils.connections import connect, split_address
from mistral.utils.egress import EgressPolicy

LOG = logging.getLogger(__name__)

_SMTP_PORT: Final = 25
#: Where servers expect TLS from the first byte on (RFC 8314).
_SMTPS_PORT: Final = 465


@dataclass(frozen=True, slots=True)
class Email:
    """A message as the author of a workflow wrote it; `server` is `host` or `host:port`.

    With a password the sender logs in, over TLS.
    """

    sender: str
    to: Sequence[str]
    server: str
    reply_to: Sequence[str] = ()
    cc: Sequence[str] = ()
    bcc: Sequence[str] = ()
    password: str | None = field(default=None, repr=False)
    subject: str = '<No subject>'
    body: str = '<No body>'
    html_body: str | None = None

    @property
    def recipients(self) -> list[str]:
        return [*self.cc, *self.bcc, *self.to]


def addresses(value: Sequence[str] | str | None, parameter: str) -> list[str]:
    """The addresses of a parameter; a single one may stand without a list.

    :raises ActionException: if they are no texts.
    """
    if value is None:
        return []
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list | tuple) or not all(isinstance(each, str) for each in found):
        raise ActionException(f"Parameter '{parameter}' must be a list of addresses.")
    return list(found)


def send(email: Email, options: EmailOptions) -> None:
    """Send the message.

    :raises UrlNotAllowedException: if the mail server is forbidden.
    :raises ActionException: if the server does not take the message for any recipient.
    """
    LOG.info(
        'Sending email message [from=%s, to=%s, reply_to=%s, cc=%s, bcc=%s, subject=%s, '
        'smtp_server=%s]',
        email.sender,
        email.to,
        email.reply_to,
        email.cc,
        email.bcc,
        email.subject,
        email.server,
    )
    try:
        host, port = split_address(email.server, _SMTP_PORT)
        message = compose(email)
        with _open(host, port, options) as server:
            if email.password:
                _log_in(server, email.sender, email.password, options)
            refused = server.send_message(message, email.sender, email.recipients)
    # ValueError: what cannot stand in a header or an address.
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise ActionException(f'Failed to send an email message: {error}') from error
    if refused:
        LOG.warning('The mail server refuses some recipients: %s', refused)


def compose(email: Email) -> EmailMessage:
    """The message; who gets a blind copy does not show in it.

    :raises ValueError: if an address or the subject cannot stand in a header.
    """
    message = EmailMessage(policy=SMTP)
    message['Subject'] = email.subject
    message['From'] = email.sender
    if email.reply_to:
        message['Reply-To'] = ', '.join(email.reply_to)
    message['To'] = ', '.join(email.to)
    if email.cc:
        message['cc'] = ', '.join(email.cc)
    message.set_content(email.body)
    if email.html_body is not None:
        message.add_alternative(email.html_body, subtype='html')
    return message


def _open(host: str, port: int, options: EmailOptions) -> smtplib.SMTP:
    # smtplib means "block" by None, and refuses 0.
    timeout = options.timeout or None
    if port == _SMTPS_PORT:
        return _SmtpOverTls(options.policy, host, port, timeout, _tls(options))
    return _Smtp(options.policy, host, port, timeout)


def _log_in(server: smtplib.SMTP, user: str, password: str, options: EmailOptions) -> None:
    if not isinstance(server, smtplib.SMTP_SSL):
        server.ehlo()
        server.starttls(context=_tls(options))
    server.ehlo()
    server.login(user, password)


def _tls(options: EmailOptions) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not options.verify_certificates:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class _Smtp(smtplib.SMTP):
    """Connects only to addresses that the policy has seen and allowed."""

    def __init__(self, policy: EgressPolicy, host: str, port: int, timeout: float | None) -> None:
        self._policy = policy
        super().__init__(host, port, timeout=timeout)  # type: ignore[arg-type]

    def _get_socket(self, host: str, port: int, timeout: float | None) -> socket.socket:
        return connect(self._policy, host, port, timeout)


class _SmtpOverTls(smtplib.SMTP_SSL):
    """The same, with TLS from the first byte on."""

    def __init__(
        self,
        policy: EgressPolicy,
        host: str,
        port: int,
        timeout: float | None,
        context: ssl.SSLContext,
    ) -> None:
        self._policy = policy
        super().__init__(host, port, timeout=timeout, context=context)  # type: ignore[arg-type]

    def _get_socket(self, host: str, port: int, timeout: float | None) -> socket.socket:
        plain = connect(self._policy, host, port, timeout)
        return self.context.wrap_socket(plain, server_hostname=host)
