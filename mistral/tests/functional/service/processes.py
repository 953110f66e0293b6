"""Real processes of the service, and other programs of its package."""

import os
import re
import signal
import subprocess
import sysconfig
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from mistral.tests.functional.service.rest import Rest
from mistral.tests.waiting import PATIENCE, wait_for

#: Tracebacks that libraries write when connections break, by what stands on their line.
_OF_LIBRARIES: Final = ('sqlalchemy.pool', 'oslo.messaging', 'oslo_messaging', 'amqp')

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


class Program:
    """A program of the environment that runs until it is told to stop.

    It can be started again after it has ended. It leads a process group of its own, so that nothing
    is left of it in the end.
    """

    def __init__(self, name: str, home: Path, variables: Mapping[str, str] | None = None) -> None:
        """`variables` are added to the environment."""
        self.name = name
        self._home = home
        self._variables = variables or {}
        self._log_path = home / f'{name}.log'
        self._process: subprocess.Popen[bytes] | None = None
        self._seen = 0

    def _start(self, *command: str) -> None:
        self._seen = len(self.log)
        with self._log_path.open('ab') as log:
            self._process = subprocess.Popen(
                [script(command[0]), *command[1:]],
                env=clean_environment(self._home, **self._variables),
                cwd=self._home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        """What all its lives have written so far."""
        return self._log_path.read_text(errors='replace') if self._log_path.exists() else ''

    @property
    def new_log(self) -> str:
        """What it has written since its last start."""
        return self.log[self._seen :]

    @property
    def tracebacks(self) -> list[str]:
        """Where they begin in the log. Broken connections of libraries do not count."""
        return [
            line
            for line in self.log.splitlines()
            if 'Traceback' in line and not any(name in line for name in _OF_LIBRARIES)
        ]

    @property
    def pid(self) -> int:
        assert self._process is not None, f'{self.name} has not been started.'
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End the process at once, wherever it stands; those under it are left alone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def terminate(self) -> None:
        """Ask it to stop."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def exit_code(self, timeout: float = PATIENCE) -> int:
        """Wait for its end."""
        assert self._process is not None
        return self._process.wait(timeout)

    def erase(self) -> None:
        """Kill whatever there is of it."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()


class ServerProcess(Program):
    """A `mistral-server` with all components.

    `options` are the last word over those of `config_file`.
    """

    def __init__(
        self, home: Path, database_url: str, options: Options, config_file: Path | None = None
    ) -> None:
        super().__init__('server', home)
        defaults: Options = {
            'DEFAULT': {'default_log_levels': 'workflow_trace=WARNING'},
            'api': {'host': '127.0.0.1', 'port': 0},
            'pecan': {'auth_enable': False},
            'database': {'connection': database_url},
        }
        groups = {*defaults, *options}
        merged = {group: {**defaults.get(group, {}), **options.get(group, {})} for group in groups}
        files = [config_file] if config_file else []
        files.append(write_config(home / 'mistral.conf', merged))
        self._arguments = [f'--config-file={file}' for file in files]
        self._rest: Rest | None = None

    @property
    def rest(self) -> Rest:
        assert self._rest is not None, 'The server has not been started.'
        return self._rest

    def start(self) -> None:
        """Start it and wait until it serves."""
        self._start('mistral-server', *self._arguments)

        def address() -> str | None:
            assert self.is_running, f'The server does not start:\n{self.new_log}'
            found = re.search(r'Serving (\S+/v2)', self.new_log)
            return found and found[1]

        self._rest = Rest(wait_for(address, 'server'))

    def stop(self) -> None:
        """Stop it as an operator does, and see that it goes in peace."""
        self.terminate()
        assert self.exit_code() == 0
