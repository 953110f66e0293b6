"""Processes of a cluster."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mistral.tests.functional.service.processes import Options, Program, write_config
from mistral.tests.functional.service.rest import Rest
from mistral.tests.waiting import wait_for

#: What each component writes when it has started.
STARTED: Final = {
    'api': 'API server started',
    'engine': 'Engine server started.',
    'event-engine': 'Event engine server started.',
    'executor': 'Executor server started.',
    'notifier': 'Notification server started.',
    'scheduler': 'Periodic server started.',
}


class Member(Program):
    """A `mistral-server` with some of the components."""

    def __init__(
        self,
        name: str,
        components: str,
        home: Path,
        options: Options,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """`components` is what follows `--server`."""
        super().__init__(name, home, variables)
        self.components = components
        self._config = write_config(home / f'{name}.conf', options)

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
        self._start(
            'mistral-server', f'--config-file={self._config}', f'--server={self.components}'
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

    def restart(self) -> None:
        """Kill it, start it again and wait for it."""
        self.kill()
        self.start()
        self.wait_until_ready()

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
