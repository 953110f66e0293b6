"""Processes of a cluster."""

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from mistral.tests.functional.service.processes import (
    Options,
    clean_environment,
    script,
    write_config,
)
from mistral.tests.functional.service.rest import Rest
from mistral.tests.waiting import PATIENCE, wait_for

#: What each component writes when it has started.
STARTED: Final = {
    'api': 'API server started',
    'engine': 'Engine server started.',
    'executor': 'Executor server started.',
    'notifier': 'Notification server started.',
    'scheduler': 'Periodic server started.',
}

#: Tracebacks that libraries write when connections break, by what stands on their line.
_OF_LIBRARIES: Final = ('sqlalchemy.pool', 'oslo.messaging', 'oslo_messaging', 'amqp')


class Member:
    """A `mistral-server` with some of the components. It can be started again after it has ended.

    It leads a process group of its own, so that nothing is left of it in the end.
    """

    def __init__(
        self,
        name: str,
        components: str,
        home: Path,
        options: Options,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """`components` is what follows `--server`; `variables` are added to the environment."""
        self.name = name
        self.components = components
        self._home = home
        self._config = write_config(home / f'{name}.conf', options)
        self._log_path = home / f'{name}.log'
        self._variables = variables or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._seen = 0

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

    @property
    def url(self) -> str | None:
        """Where its API is, if it has one and that listens."""
        found = re.findall(r'Serving (\S+)', self.new_log)
        return found[-1] if found else None

    @property
    def rest(self) -> Rest:
        return Rest(wait_for(lambda: self.url, f'API of {self.name}'))

    def start(self) -> None:
        """Start it and return at once, see `wait_until_ready`."""
        self._seen = len(self.log)
        with self._log_path.open('ab') as log:
            self._process = subprocess.Popen(
                [
                    script('mistral-server'),
                    f'--config-file={self._config}',
                    f'--server={self.components}',
                ],
                env=clean_environment(self._home, **self._variables),
                cwd=self._home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        names = STARTED if self.components == 'all' else self.components.split(',')
        lines = [STARTED[name] for name in names]

        def is_ready() -> bool:
            assert self.is_running, f'{self.name} does not start:\n{self.new_log}'
            new_log = self.new_log
            return all(line in new_log for line in lines)

        wait_for(is_ready, f'{self.name} at work')

    def wait_for_log(self, text: str) -> None:
        """Wait until it has written something since its last start."""
        wait_for(lambda: text in self.new_log, f'"{text}" in the log of {self.name}')

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

    def restart(self) -> None:
        """Kill it, start it again and wait for it."""
        self.kill()
        self.start()
        self.wait_until_ready()

    def erase(self) -> None:
        """Kill whatever there is of it."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()

    def processes(self) -> set[int]:
        """The ids of its own process and of those that it has started, if they live."""
        return {
            int(entry.name)
            for entry in Path('/proc').iterdir()
            if entry.name.isdigit() and _is_alive_in(entry, self.pid)
        }


def _is_alive_in(entry: Path, group: int) -> bool:
    try:
        # After the name, which may have anything in it: state, parent, process group.
        state, _, own_group, *_ = (entry / 'stat').read_text().rpartition(')')[2].split()
    except OSError:
        return False
    return int(own_group) == group and state != 'Z'
