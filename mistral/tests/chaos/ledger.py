"""Notes of the runs of actions, kept outside of the service: it cannot lose or repeat them."""

import os
from collections import Counter
from pathlib import Path
from typing import Final

#: The environment variable that tells actions the directory of the notes.
VARIABLE: Final = 'MISTRAL_CHAOS_LEDGER'

_RUNS: Final = 'runs'

_METADATA: Final = 'Metadata-Version: 2.1\nName: mistral-chaos\nVersion: 1.0\n'
_ENTRY_POINTS: Final = """[mistral.actions]
chaos.note = mistral.tests.chaos.actions:NoteAction
chaos.note_again = mistral.tests.chaos.actions:RepeatableNoteAction
chaos.stumble = mistral.tests.chaos.actions:StumbleAction
"""


def install_plugin(directory: Path) -> None:
    """Install the actions as a package of its own, for processes with `directory` in their path."""
    place = directory / 'mistral_chaos-1.0.dist-info'
    place.mkdir()
    (place / 'METADATA').write_text(_METADATA)
    (place / 'entry_points.txt').write_text(_ENTRY_POINTS)


def note(action_execution_id: str, what: str) -> None:
    """Note something about an action execution; it survives the death of the process."""
    line = f'{action_execution_id} {what} {os.getpid()}\n'
    path = Path(os.environ[VARIABLE]) / _RUNS
    # One small write: those of several processes do not mix.
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)


def is_first_attempt(task_execution_id: str, action_execution_id: str) -> bool:
    """Tell whether this is the action execution of a task that asks first; repeated, too."""
    path = Path(os.environ[VARIABLE]) / f'first-{task_execution_id}'
    try:
        with path.open('x') as file:
            file.write(action_execution_id)
    except FileExistsError:
        # Empty: it was killed in the middle of this, and is the one that asks again.
        return path.read_text() in {'', action_execution_id}
    return True


def runs(directory: Path) -> Counter[str]:
    """How often each action execution has begun."""
    path = directory / _RUNS
    lines = path.read_text().splitlines() if path.exists() else []
    return Counter(line.split()[0] for line in lines if line.split()[1] == 'begin')
