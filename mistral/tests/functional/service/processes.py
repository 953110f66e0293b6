"""Real processes of the service, and other programs of its package."""

import os
import re
import signal
import subprocess
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mistral.tests.functional.service.rest import Rest
from mistral.tests.waiting import wait_for

#: Seconds that an idle server has to stop; it takes a tenth of that.
STOPS_WITHIN: Final = 10

Options = Mapping[str, Mapping[str, object]]


def script(name: str) -> str:
    """A console script of the environment that runs the tests."""
    return str(Path(sysconfig.get_path('scripts')) / name)


def clean_environment(home: Path, **variables: str) -> dict[str, str]:
    """The environment of a new user, with nothing in it that concerns the service."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(('OS_', 'MISTRAL_', 'XDG_'))
    }
    return {**kept, 'HOME': str(home), **variables}


def write_config(path: Path, options: Options) -> Path:
    lines = []
    for group, values in options.items():
        lines += [f'[{group}]', *(f'{name} = {value}' for name, value in values.items())]
    path.write_text('\n'.join(lines) + '\n')
    return path


def run(home: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the environment to its end."""
    return subprocess.run(
        [script(command[0]), *command[1:]],
        env=clean_environment(home, **variables),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class ServerProcess:
    """A `mistral-server` with all components. It can be started again after it has ended.

    `options` are the last word over those of `config_file`.
    """

    def __init__(
        self, home: Path, database_url: str, options: Options, config_file: Path | None = None
    ) -> None:
        defaults: Options = {
            'DEFAULT': {'default_log_levels': 'workflow_trace=WARNING'},
            'api': {'host': '127.0.0.1', 'port': 0},
            'pecan': {'auth_enable': False},
            'database': {'connection': database_url},
        }
        groups = {*defaults, *options}
        merged = {group: {**defaults.get(group, {}), **options.get(group, {})} for group in groups}
        self._home = home
        files = [config_file] if config_file else []
        files.append(write_config(home / 'mistral.conf', merged))
        self._arguments = [f'--config-file={file}' for file in files]
        self._log_path = home / 'server.log'
        self._process: subprocess.Popen[bytes] | None = None
        self._rest: Rest | None = None

    @property
    def rest(self) -> Rest:
        assert self._rest is not None, 'The server has not been started.'
        return self._rest

    @property
    def log(self) -> str:
        """What all its lives have written so far."""
        return self._log_path.read_text() if self._log_path.exists() else ''

    @property
    def tracebacks(self) -> list[str]:
        """Where they begin in the log. Broken connections are none of the service's."""
        lines = self.log.splitlines()
        return [line for line in lines if 'Traceback' in line and 'sqlalchemy.pool' not in line]

    def start(self) -> None:
        """Start it and wait until it serves."""
        seen = len(self.log)
        with self._log_path.open('ab') as log:
            self._process = subprocess.Popen(
                [script('mistral-server'), *self._arguments],
                env=clean_environment(self._home),
                cwd=self._home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

        def address() -> str | None:
            assert self._process.poll() is None, f'The server does not start:\n{self.log[seen:]}'
            found = re.search(r'Serving (\S+/v2)', self.log[seen:])
            return found and found[1]

        self._rest = Rest(wait_for(address, 'server'))

    def kill(self) -> None:
        """End it at once, wherever it stands."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def terminate(self) -> None:
        """Ask it to stop."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def exit_code(self, timeout: float = STOPS_WITHIN) -> int:
        assert self._process is not None
        return self._process.wait(timeout)

    def stop(self) -> None:
        """Stop it as an operator does, and see that it goes in peace."""
        self.terminate()
        assert self.exit_code() == 0

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None
