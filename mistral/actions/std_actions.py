"""The standard actions `std.*`.

A constructor's parameters are the action's input. An instance travels to an executor as its public
attributes and is rebuilt there without calling the constructor, so attributes hold JSON data only.
`repeatable = True` marks an action without effects outside: after a crash the engine may run it
again although its task does not say `safe-rerun`. `immediate = True` marks one that takes no time
either: an engine with an executor of its own runs it without leaving its unit of work.
"""

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

from mistral_lib.actions import Action, Result
from mistral_lib.actions.context import ActionContext

from mistral.actions import http, javascript, mail, options, ssh
from mistral.exceptions import ActionException


class EchoAction(Action):
    """Returns its parameter `output`, after `delay` seconds."""

    repeatable = True

    def __init__(self, output: Any, delay: float | str = 0) -> None:
        super().__init__()
        self.output = output
        self.delay = _seconds(delay)

    @property
    def immediate(self) -> bool:
        return not self.delay

    def run(self, context: ActionContext) -> Any:
        if self.delay:
            time.sleep(self.delay)
        return self.output

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EchoAction):
            return NotImplemented
        return self.output == other.output and self.delay == other.delay

    __hash__ = None  # type: ignore[assignment]


class NoOpAction(Action):
    """Does nothing, successfully."""

    repeatable = True
    immediate = True

    def run(self, context: ActionContext) -> None:
        pass


class AsyncNoOpAction(Action):
    """Does nothing, and ends when somebody sends a result through the API."""

    def run(self, context: ActionContext) -> None:
        pass

    def is_sync(self) -> bool:
        return False


class FailAction(Action):
    """Always fails, with `error_data` as its result if given."""

    repeatable = True
    immediate = True

    def __init__(self, error_data: Any = None) -> None:
        super().__init__()
        self.error_data = error_data

    def run(self, context: ActionContext) -> Result:
        if self.error_data:
            return Result(error=self.error_data)
        raise ActionException('Fail action expected exception.')

    def __repr__(self) -> str:
        return 'Fail action'


class SleepAction(Action):
    """Sleeps for a number of whole seconds."""

    repeatable = True

    def __init__(self, seconds: float | str = 1) -> None:
        super().__init__()
        self.seconds = int(_seconds(seconds))

    def run(self, context: ActionContext) -> None:
        time.sleep(self.seconds)


class TestDictAction(Action):
    """Makes a dictionary of `size` keys that all have the same value."""

    __test__ = False  # not a test case, whatever its name says to pytest
    repeatable = True

    def __init__(self, size: int = 0, key_prefix: str = '', val: Any = '') -> None:
        super().__init__()
        self.size = size
        self.key_prefix = key_prefix
        self.val = val

    def run(self, context: ActionContext) -> dict[str, Any]:
        if not isinstance(self.size, int):
            raise ActionException(f"Parameter 'size' must be an integer, not {self.size!r}.")
        return {f'{self.key_prefix}{i}': self.val for i in range(self.size)}


class HTTPAction(Action):
    """Sends an HTTP request.

    :param url: URL of the request; `[action_std_http]` says which hosts may be reached.
    :param method: HTTP method.
    :param params: query parameters, a dictionary.
    :param body: body of the request: text, or a dictionary that is sent as JSON text.
    :param json: body that is sent as JSON, with that content type.
    :param headers: headers of the request, a dictionary.
    :param cookies: cookies, a dictionary.
    :param auth: `user:password` or the list `[user, password]` for basic authentication.
    :param timeout: seconds to wait for the connection and for each piece of the response.
    :param allow_redirects: follow redirects if true.
    :param proxies: dictionary from scheme to the URL of a proxy.
    :param verify: false to accept any certificate, or the path of a CA bundle.
    """

    def __init__(
        self,
        url: str,
        method: str = 'GET',
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        json: Any = None,
        headers: Mapping[str, Any] | None = None,
        cookies: Mapping[str, str] | None = None,
        auth: str | Sequence[str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool | None = None,
        proxies: Mapping[str, str] | None = None,
        verify: bool | str | None = None,
    ) -> None:
        super().__init__()
        if json is not None and body:
            raise ActionException("Only one of the parameters 'json' and 'body' can be passed")

        self.url = url
        self.method = method
        self.params = params
        self.body = http.encode_body(body)
        self.json = json
        self.headers = http.encode_headers(headers)
        self.cookies = cookies
        self.auth = http.parse_auth(auth)
        self.timeout = timeout
        self.allow_redirects = allow_redirects
        self.proxies = proxies
        self.verify = verify

    def run(self, context: ActionContext) -> Result:
        request = http.HttpRequest(
            url=self.url,
            method=self.method,
            params=self.params,
            body=self.body,
            json=self.json,
            headers=self.headers,
            cookies=self.cookies,
            auth=self.auth,
            timeout=self.timeout,
            allow_redirects=bool(self.allow_redirects),
            proxies=self.proxies,
            verify=self.verify,
        )
        response = http.send(request, options.http_options())
        return Result(data=response) if http.is_good(response) else Result(error=response)


class MistralHTTPAction(HTTPAction):
    """Sends an HTTP request that tells the receiver where to send the result.

    The action ends when somebody sends its result through the API, or at once if the request
    fails. Parameters are those of `std.http`.
    """

    def run(self, context: ActionContext) -> Result:
        execution = context.execution
        self.headers = {
            **(self.headers or {}),
            'Mistral-Workflow-Name': execution.workflow_name,
            'Mistral-Workflow-Execution-Id': execution.workflow_execution_id,
            'Mistral-Task-Id': execution.task_execution_id,
            'Mistral-Action-Execution-Id': execution.action_execution_id,
            'Mistral-Callback-URL': execution.callback_url,
        }
        return super().run(context)

    def is_sync(self) -> bool:
        return False


class SendEmailAction(Action):
    """Sends an email message.

    :param from_addr: address of the sender.
    :param to_addrs: addresses of the recipients, a list.
    :param smtp_server: mail server, `host` or `host:port`; on port 465 it speaks TLS.
    :param reply_to: addresses for answers, a list.
    :param cc_addrs: addresses that get a copy, a list.
    :param bcc_addrs: addresses that get a copy without the others knowing, a list.
    :param smtp_password: password of the sender: log in with it, over TLS.
    :param subject: subject of the message.
    :param body: text of the message.
    :param html_body: the same in HTML.
    """

    def __init__(
        self,
        from_addr: str,
        to_addrs: Sequence[str] | str,
        smtp_server: str,
        reply_to: Sequence[str] | str | None = None,
        cc_addrs: Sequence[str] | str | None = None,
        bcc_addrs: Sequence[str] | str | None = None,
        smtp_password: str | None = None,
        subject: str | None = None,
        body: str | None = None,
        html_body: str | None = None,
    ) -> None:
        super().__init__()
        self.from_addr = from_addr
        self.to_addrs = to_addrs
        self.smtp_server = smtp_server
        self.reply_to = reply_to
        self.cc_addrs = cc_addrs
        self.bcc_addrs = bcc_addrs
        self.smtp_password = smtp_password
        self.subject = subject
        self.body = body
        self.html_body = html_body

    def run(self, context: ActionContext) -> None:
        email = mail.Email(
            sender=self.from_addr,
            to=mail.addresses(self.to_addrs, 'to_addrs'),
            server=self.smtp_server,
            reply_to=mail.addresses(self.reply_to, 'reply_to'),
            cc=mail.addresses(self.cc_addrs, 'cc_addrs'),
            bcc=mail.addresses(self.bcc_addrs, 'bcc_addrs'),
            password=self.smtp_password,
            subject=str(self.subject or '<No subject>'),
            body=str(self.body or '<No body>'),
            html_body=None if self.html_body is None else str(self.html_body),
        )
        mail.send(email, options.email_options())


class SSHAction(Action):
    """Runs a command on one host or several over SSH.

    The result is what the command writes; for several hosts, a list in their order.

    :param cmd: command for the login shell.
    :param host: `host` or `host:port`, or a list of these.
    :param username: name of the user on the hosts.
    :param password: password of the user, or passphrase of the key.
    :param private_key_filename: name of a file with a private key on the executor.
    :param private_key: text of a private key; it wins over the file.
    :param return_result_on_error: give `stdout`, `stderr` and `exit_code` as the result, and do not
        fail because of the exit code.
    """

    def __init__(
        self,
        cmd: str,
        host: str | Sequence[str],
        username: str,
        password: str = '',
        private_key_filename: str | None = None,
        private_key: str | None = None,
        return_result_on_error: bool = False,
    ) -> None:
        super().__init__()
        self.cmd = cmd
        self.host = host
        self.username = username
        self.password = password
        self.private_key_filename = private_key_filename
        self.private_key = private_key
        self.return_result_on_error = return_result_on_error

    def run(self, context: ActionContext) -> Any:
        outputs = self._outputs()
        results = [
            output.as_dict() if self.return_result_on_error else output.stdout for output in outputs
        ]
        return results[0] if len(results) == 1 else results

    def _outputs(self) -> list[ssh.Output]:
        return ssh.run_on_all(
            self.cmd,
            self._hosts(),
            self._login(self.username),
            options.ssh_options(),
            any_exit_code=bool(self.return_result_on_error),
        )

    def _hosts(self) -> list[str]:
        return [self.host] if isinstance(self.host, str) else list(self.host)

    def _login(self, username: str) -> ssh.Login:
        return ssh.Login(username, self.password, self.private_key, self.private_key_filename)


class SSHProxiedAction(SSHAction):
    """Runs a command on a host that is reached through another one, the gateway.

    :param cmd: command for the login shell.
    :param host: `host` or `host:port` as the gateway knows it, or a list of these.
    :param username: name of the user on the host.
    :param private_key_filename: name of a file with a private key on the executor; may be null.
    :param gateway_host: the gateway, `host` or `host:port`.
    :param gateway_username: name of the user on the gateway, if it is another one.
    :param password: password of the user on both, or passphrase of the key.
    :param proxy_command: command that connects to the gateway; the operator has to allow it.
    :param private_key: text of a private key; it wins over the file.
    """

    def __init__(
        self,
        cmd: str,
        host: str | Sequence[str],
        username: str,
        private_key_filename: str | None,
        gateway_host: str,
        gateway_username: str | None = None,
        password: str | None = None,
        proxy_command: str | None = None,
        private_key: str | None = None,
    ) -> None:
        super().__init__(cmd, host, username, password or '', private_key_filename, private_key)
        self.gateway_host = gateway_host
        self.gateway_username = gateway_username
        self.proxy_command = proxy_command

    def _outputs(self) -> list[ssh.Output]:
        gateway = ssh.Gateway(
            self.gateway_host,
            self._login(self.gateway_username or self.username),
            self.proxy_command,
        )
        return ssh.run_on_all(
            self.cmd,
            self._hosts(),
            self._login(self.username),
            options.ssh_options(),
            gateway,
        )


class JavaScriptAction(Action):
    """Runs a script in JavaScript.

    :param script: body of a function; what that returns is the result.
    :param context: data that the script sees as `$`.
    """

    def __init__(self, script: str, context: Any = None) -> None:
        super().__init__()
        self.script = script
        self.context = context

    def run(self, context: ActionContext) -> Any:
        try:
            return javascript.evaluate(self.script, self.context)
        except Exception as error:
            raise ActionException(f'JavaScriptAction failed: {error}') from error


def _seconds(value: float | str) -> float:
    """A duration as a number; what is negative or no number counts as 0.

    :raises TypeError: for values such as null that are neither a number nor a text.
    """
    try:
        seconds = float(value)
    except ValueError:
        return 0
    return seconds if math.isfinite(seconds) and seconds > 0 else 0
