"""What `std.ssh` and `std.ssh_proxied` do: log in to hosts and run a command on each."""

import logging
import selectors
import shlex
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import paramiko

from mistral.actions.options import SshOptions
from mistral.actions.ssh_keys import ExecutorKeys, host_key_checks
from mistral.exceptions import ActionException
from mistral.utils.connections import connect, split_address

LOG = logging.getLogger(__name__)

_PORT: Final = 22

#: Seconds between signs of life on a connection, so that one that has died is noticed.
_KEEPALIVE: Final = 30

#: Seconds between looks at the clock while a command runs.
_POLL: Final = 1.0

#: Seconds that the thread of a connection has to end.
_STOP_TIMEOUT: Final = 10.0

_CHUNK: Final = 32 * 1024

#: What of the error output goes into a message: characters.
_SHOWN: Final = 500

#: Why a gateway opens no connection: "administratively prohibited" (RFC 4254, 5.1).
_PROHIBITED: Final = 1

#: What carries a connection: a socket, or a channel of another connection.
_Carrier: TypeAlias = socket.socket | paramiko.Channel


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs in, as the author of a workflow wrote it.

    `private_key` is the text of a key and wins over the name of a file; `password` is also the
    passphrase of the key.
    """

    username: str
    password: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    private_key_filename: str | None = None


@dataclass(frozen=True, slots=True)
class Gateway:
    """A host through which others are reached; `proxy_command` leads to the gateway itself."""

    host: str
    login: Login
    proxy_command: str | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """What a command has written, and how it ended."""

    stdout: str
    stderr: str
    exit_code: int

    def as_dict(self) -> dict[str, Any]:
        return {'stdout': self.stdout, 'stderr': self.stderr, 'exit_code': self.exit_code}


class CommandError(ActionException):
    """A command that ended badly."""


def run_on_all(
    command: str,
    hosts: Sequence[str],
    login: Login,
    options: SshOptions,
    gateway: Gateway | None = None,
    *,
    any_exit_code: bool = False,
) -> list[Output]:
    """Run the command on one host after the other; the first that fails is the last.

    :param hosts: each is `host` or `host:port`.
    :param any_exit_code: a command that ends with an exit code other than 0 has not failed.
    :raises ActionException: which host has failed, and why.
    """
    if not hosts:
        raise ActionException(f'Failed to execute ssh cmd {command!r} on []: there is no host')
    outputs = []
    for host in hosts:
        try:
            output = _run(command, host, login, options, gateway)
            if output.exit_code and not any_exit_code:
                raise CommandError(_describe(output))
        # Whatever servers send: paramiko lets through EOFError, ValueError and others.
        except Exception as error:
            LOG.info('Command over SSH has failed [host=%s]: %s', host, error)
            raise ActionException(
                f'Failed to execute ssh cmd {command!r} on {list(hosts)}: {host}: '
                f'{error or type(error).__name__}'
            ) from error
        outputs.append(output)
    return outputs


def _run(
    command: str, host: str, login: Login, options: SshOptions, gateway: Gateway | None
) -> Output:
    with ExitStack() as stack:
        if gateway is None:
            carrier: _Carrier = stack.enter_context(_connected(host, options))
        else:
            # Whoever reaches a host through another one is still bound to the rules.
            _check_name(host, options)
            first = stack.enter_context(_gateway_client(gateway, options))
            carrier = _through(first, host, options)
        client = stack.enter_context(_logged_in(host, carrier, login, options))
        return _execute(client, command, options)


@contextmanager
def _connected(host: str, options: SshOptions) -> Iterator[socket.socket]:
    with connect(
        options.policy, *split_address(host, _PORT), options.connect_timeout or None
    ) as connection:
        yield connection


@contextmanager
def _gateway_client(gateway: Gateway, options: SshOptions) -> Iterator[paramiko.SSHClient]:
    with ExitStack() as stack:
        if gateway.proxy_command:
            if not options.allow_proxy_command:
                raise ActionException(
                    "Parameter 'proxy_command' is not allowed: it would run on the executor. The "
                    'operator can allow it by [action_std_ssh] allow_proxy_command.'
                )
            carrier: Any = paramiko.ProxyCommand(gateway.proxy_command)
            stack.callback(_end, carrier)
        else:
            carrier = stack.enter_context(_connected(gateway.host, options))
        yield stack.enter_context(_logged_in(gateway.host, carrier, gateway.login, options))


def _end(proxy: paramiko.ProxyCommand) -> None:
    """End the process of a proxy command, and wait for that: nothing is left of it."""
    proxy.close()
    proxy.process.communicate()


@contextmanager
def _logged_in(
    host: str, carrier: Any, login: Login, options: SshOptions
) -> Iterator[paramiko.SSHClient]:
    name, port = split_address(host, _PORT)
    timeout = options.connect_timeout or None
    key = ExecutorKeys(options.key_directories).find(
        login.private_key, login.private_key_filename, login.password
    )
    with host_key_checks(options.known_hosts_files, strict=options.strict_host_keys) as client:
        try:
            client.connect(
                name,
                port,
                login.username,
                login.password or None,
                pkey=key,
                sock=carrier,
                # `timeout` for all of this would end in a riddle; paramiko limits the rest itself.
                banner_timeout=timeout,
                auth_timeout=timeout,
                channel_timeout=timeout,
                allow_agent=options.use_own_keys,
                look_for_keys=options.use_own_keys,
            )
            if transport := client.get_transport():
                transport.set_keepalive(_KEEPALIVE)
            yield client
        finally:
            _close(client)


def _close(client: paramiko.SSHClient) -> None:
    """Close a connection; return when nothing uses its carrier any more."""
    transport = client.get_transport()
    client.close()
    if transport is not None:
        transport.join(_STOP_TIMEOUT)


def _through(gateway: paramiko.SSHClient, host: str, options: SshOptions) -> paramiko.Channel:
    """A channel from the gateway to a host; `nc` makes it where forwarding is switched off."""
    name, port = split_address(host, _PORT)
    transport = gateway.get_transport()
    if transport is None:
        raise ActionException('The connection to the gateway has ended.')
    timeout = options.connect_timeout or None
    try:
        return transport.open_channel(
            'direct-tcpip', (name, port), ('127.0.0.1', 0), timeout=timeout
        )
    except paramiko.ChannelException as error:
        if error.code != _PROHIBITED:
            raise
    channel = transport.open_session(timeout=timeout)
    channel.exec_command(f'nc {shlex.quote(name)} {port}')
    return channel


def _check_name(host: str, options: SshOptions) -> None:
    """Check a host that something else connects to; there it may have addresses unknown here."""
    try:
        options.policy.resolve(split_address(host, _PORT)[0])
    except OSError as error:
        LOG.debug('Host %r cannot be resolved: %s', host, error)


def _execute(client: paramiko.SSHClient, command: str, options: SshOptions) -> Output:
    transport = client.get_transport()
    if transport is None:
        raise ActionException('The connection has ended.')
    with transport.open_session(timeout=options.connect_timeout or None) as channel:
        channel.exec_command(command)
        stdout, stderr = _read(channel, options)
        code = channel.recv_exit_status()
    if code < 0:
        raise ActionException('The command was ended by a signal, or the connection has broken.')
    return Output(_text(stdout), _text(stderr), code)


def _read(channel: paramiko.Channel, options: SshOptions) -> tuple[bytes, bytes]:
    """All that the command writes, until it has ended.

    :raises ActionException: if it takes too long or writes too much.
    """
    deadline = time.monotonic() + options.command_timeout if options.command_timeout else None
    stdout, stderr = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        # Readable means output on either stream, or the end.
        selector.register(channel, selectors.EVENT_READ)
        has_ended = False
        while not has_ended:
            selector.select(_POLL)
            # First, because what comes before the end is in the buffers by then.
            has_ended = bool(channel.eof_received or channel.closed)
            while channel.recv_ready():
                stdout += channel.recv(_CHUNK)
            while channel.recv_stderr_ready():
                stderr += channel.recv_stderr(_CHUNK)
            _check_limits(len(stdout) + len(stderr), deadline, options)
    while not channel.status_event.wait(_POLL):
        _check_limits(0, deadline, options)
    return bytes(stdout), bytes(stderr)


def _check_limits(size: int, deadline: float | None, options: SshOptions) -> None:
    if options.max_output_size and size > options.max_output_size:
        raise ActionException(
            f'The command writes more than {options.max_output_size} bytes '
            '([action_std_ssh] max_output_size_bytes).'
        )
    if deadline is not None and time.monotonic() > deadline:
        raise ActionException(
            f'The command does not end within {options.command_timeout} seconds '
            '([action_std_ssh] command_timeout).'
        )


def _describe(output: Output) -> str:
    shown = output.stderr.strip()[:_SHOWN]
    return f'exit code {output.exit_code}' + (f', {shown}' if shown else '')


def _text(data: bytes) -> str:
    return data.decode('utf-8', errors='replace')
